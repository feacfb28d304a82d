"""What vLLM's /metrics says, over its versions."""

from ultrainteract.sampling.gauges import Gauges, read_gauges

NEW = """\
# HELP vllm:num_requests_running Number of requests in model execution batches.
# TYPE vllm:num_requests_running gauge
vllm:num_requests_running{engine="0",model_name="m"} 3.0
vllm:num_requests_waiting{engine="0",model_name="m"} 2.0
vllm:num_requests_waiting_by_reason{engine="0",model_name="m",reason="capacity"} 2.0
vllm:kv_cache_usage_perc{engine="0",model_name="m"} 0.25
vllm:num_preemptions_total{engine="0",model_name="m"} 7.0
vllm:num_preemptions_created{engine="0",model_name="m"} 1.7e+09
"""


def test_the_present_names() -> None:
    assert read_gauges(NEW) == Gauges(running=3, waiting=2, cache=0.25, preemptions=7)


def test_the_older_name_of_the_cache() -> None:
    assert read_gauges(NEW.replace("kv_cache", "gpu_cache")) == read_gauges(NEW)


def test_engines_of_a_data_parallel_server_add_up_and_the_fullest_cache_counts() -> None:
    second = NEW.replace('engine="0"', 'engine="1"').replace("0.25", "0.5")
    assert read_gauges(NEW + second) == Gauges(running=6, waiting=4, cache=0.5, preemptions=14)


def test_metrics_of_something_else_are_none() -> None:
    assert read_gauges("python_gc_objects_collected_total 3.0\n<html>") is None
    assert read_gauges("") is None

"""A GGUF file made into the folder that vLLM reads: bf16 safetensors, tokenizer, configuration.

Run as a script in a process of its own, which keeps torch and its memory out of the caller:
`python conversion.py FILE.gguf FOLDER EOS_ID ...`. transformers reads and dequantises the file;
the tensors are written here, because it refuses to save a model that came from quantised ones.
"""

import sys
from pathlib import Path

import torch
from safetensors.torch import save_file
from transformers import AutoModelForCausalLM, AutoTokenizer, GenerationConfig, GgufConfig


def convert(gguf: Path, folder: Path, eos: list[int]) -> None:
    """Write `folder`, which must not exist. `eos` are the tokens that end a reply.

    Raises ValueError for a file without a chat template: an instruct model is wanted.
    """
    folder.mkdir()
    tokenizer = AutoTokenizer.from_pretrained(gguf.parent, gguf_file=gguf.name)
    if not tokenizer.chat_template:
        raise ValueError(f"{gguf.name} holds no chat template")
    # Without `dequantize`, an installed `kernels` package would keep the blocks packed.
    model = AutoModelForCausalLM.from_pretrained(
        gguf.parent,
        gguf_file=gguf.name,
        dtype=torch.bfloat16,
        quantization_config=GgufConfig(dequantize=True),
    )
    config = model.config
    tensors = dict(model.state_dict())
    if config.tie_word_embeddings:
        del tensors["lm_head.weight"]
    wrong = {name: str(tensor.dtype) for name, tensor in tensors.items() if not _is_bf16(tensor)}
    if wrong:
        raise ValueError(f"{gguf.name}: tensors that were not dequantised to bfloat16: {wrong}")
    save_file(
        {name: tensor.contiguous() for name, tensor in tensors.items()},
        folder / "model.safetensors",
        metadata={"format": "pt"},
    )
    # vLLM refuses a quantisation that it does not know, and these weights have none left.
    vars(config).pop("quantization_config", None)
    config.architectures = [type(model).__name__]
    config.save_pretrained(folder)
    tokenizer.model_max_length = config.max_position_embeddings
    tokenizer.save_pretrained(folder)
    generation = GenerationConfig(  # type: ignore[no-untyped-call]
        bos_token_id=config.bos_token_id, pad_token_id=config.pad_token_id, eos_token_id=eos
    )
    generation.save_pretrained(folder)


def _is_bf16(tensor: torch.Tensor) -> bool:
    return tensor.dtype is torch.bfloat16


if __name__ == "__main__":
    convert(Path(sys.argv[1]), Path(sys.argv[2]), [int(token) for token in sys.argv[3:]])

"""TRL's trainers see what was published: whole prompts, whole answers, no wrong action in SFT.

Each test runs the card's own snippet and one CPU step on a random two-layer model. That nothing
raises proves nothing here: what the trainer made of the rows is decoded and compared.
"""

import math
import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TypeVar

import pytest

pytest.importorskip("trl")

import torch
from datasets import Dataset, load_dataset
from tokenizers import Tokenizer, decoders, models, pre_tokenizers
from transformers import (
    PreTrainedTokenizerFast,
    Qwen2Config,
    Qwen2ForCausalLM,
    Qwen2ForSequenceClassification,
    Trainer,
)
from trl.trainer.dpo_config import DPOConfig
from trl.trainer.dpo_trainer import DPOTrainer
from trl.trainer.kto_config import KTOConfig
from trl.trainer.reward_config import RewardConfig
from trl.trainer.sft_config import SFTConfig

from ultrainteract.dataset.about import About
from ultrainteract.dataset.publish import publish
from ultrainteract.tree import PreferenceTree

pytestmark = pytest.mark.trainers

TEMPLATE = (
    "{% for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
OPENING = "<|im_start|>assistant\n"
ENDING = "<|im_end|>\n"
Settings = TypeVar("Settings")
Row = Mapping[str, list[dict[str, str]]]


@pytest.fixture(scope="module")
def tokenizer() -> PreTrainedTokenizerFast:
    """One token a byte, so that decoding gives back each character."""
    vocabulary = {letter: n for n, letter in enumerate(sorted(pre_tokenizers.ByteLevel.alphabet()))}
    plain = Tokenizer(models.BPE(vocab=vocabulary, merges=[]))
    plain.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    plain.decoder = decoders.ByteLevel()
    plain.add_special_tokens(["<|endoftext|>", "<|im_start|>", "<|im_end|>"])
    tokenizer = PreTrainedTokenizerFast(  # type: ignore[no-untyped-call]
        tokenizer_object=plain, eos_token="<|im_end|>", pad_token="<|endoftext|>"
    )
    tokenizer.chat_template = TEMPLATE
    return tokenizer


@pytest.fixture(scope="module")
def published(
    plant: Callable[..., PreferenceTree], about: About, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    folder = tmp_path_factory.mktemp("published") / "out"
    publish([plant(["CI", "CI"], native_id=str(place)) for place in range(2)], folder, about)
    return folder


@pytest.fixture(scope="module")
def weights(tokenizer: PreTrainedTokenizerFast, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model on disk: DPO and KTO load their reference model from where the model lies."""
    torch.manual_seed(0)
    folder = tmp_path_factory.mktemp("weights")
    config = Qwen2Config(
        vocab_size=len(tokenizer),
        hidden_size=16,
        intermediate_size=32,
        num_hidden_layers=2,
        num_attention_heads=2,
        num_key_value_heads=1,
        max_position_embeddings=4096,
        pad_token_id=tokenizer.pad_token_id,
        eos_token_id=tokenizer.eos_token_id,
        bos_token_id=None,
    )
    Qwen2ForCausalLM(config).save_pretrained(folder)  # type: ignore[no-untyped-call]
    return folder


def settings(kind: Callable[..., Settings], folder: Path) -> Settings:
    """One step on the CPU, nothing cut, nothing reported."""
    return kind(
        output_dir=str(folder),
        max_steps=1,
        max_length=None,
        per_device_train_batch_size=2,
        report_to="none",
        save_strategy="no",
        use_cpu=True,
        bf16=False,
        gradient_checkpointing=False,
        disable_tqdm=True,
    )


def trainer_of(published: Path, kind: str, **names: object) -> Trainer:
    """What the card's snippet for this trainer builds."""
    card = (published / "README.md").read_text(encoding="utf-8")
    snippets = re.findall(r"```python\n(.*?)```", card, re.DOTALL)
    [snippet] = [text for text in snippets if kind in text]
    exec(snippet.replace("path/to/dataset", str(published)), names)
    trainer = names["trainer"]
    assert isinstance(trainer, Trainer)
    return trainer


def one_step(trainer: Trainer) -> None:
    """One optimiser step, with a loss that is a number, that moves the weights."""
    model = trainer.model
    assert isinstance(model, torch.nn.Module)
    before = [weight.detach().clone() for weight in model.parameters()]
    loss = trainer.train().training_loss
    assert math.isfinite(loss)
    moved = zip(before, model.parameters(), strict=True)
    assert any(not torch.equal(old, new) for old, new in moved)


def decoded(tokenizer: PreTrainedTokenizerFast, ids: torch.Tensor) -> str:
    return str(tokenizer.decode(ids, skip_special_tokens=False))


def halves(
    tokenizer: PreTrainedTokenizerFast, batch: Mapping[str, torch.Tensor], mask: torch.Tensor
) -> Iterator[tuple[str, str]]:
    """The text before and the text under the loss, of each row of a batch."""
    for ids, attended, learnt in zip(
        batch["input_ids"], batch["attention_mask"], mask, strict=True
    ):
        kept = attended.bool()
        yield decoded(tokenizer, ids[kept & ~learnt.bool()]), decoded(tokenizer, ids[learnt.bool()])


def prompt_text(row: Row) -> str:
    said = "".join(
        f"<|im_start|>{message['role']}\n{message['content']}{ENDING}" for message in row["prompt"]
    )
    return said + OPENING


def answer_text(row: Row, side: str) -> str:
    return row[side][0]["content"] + ENDING


def batches(trainer: Trainer) -> list[Mapping[str, torch.Tensor]]:
    return list(trainer.get_train_dataloader())


def dpo_texts(trainer: Trainer, tokenizer: PreTrainedTokenizerFast) -> list[tuple[str, str]]:
    return sorted(
        pair
        for batch in batches(trainer)
        for pair in halves(tokenizer, batch, batch["completion_mask"])
    )


def expected_pairs(rows: Dataset) -> list[tuple[str, str]]:
    return sorted(
        (prompt_text(row), answer_text(row, side))
        for row in rows
        for side in ("chosen", "rejected")
    )


def test_dpo_sees_the_whole_history_and_both_answers(
    published: Path, weights: Path, tokenizer: PreTrainedTokenizerFast, tmp_path: Path
) -> None:
    model = Qwen2ForCausalLM.from_pretrained(weights)
    args = settings(DPOConfig, tmp_path)
    trainer = trainer_of(published, "DPOTrainer", model=model, args=args, tokenizer=tokenizer)
    rows = load_dataset(str(published), "preference", split="train")
    assert dpo_texts(trainer, tokenizer) == expected_pairs(rows)
    assert any(row["turn"] == 2 for row in rows)
    one_step(trainer)


def test_the_original_pairs_lose_their_prompt_in_dpo(
    published: Path, weights: Path, tokenizer: PreTrainedTokenizerFast, tmp_path: Path
) -> None:
    """What the test above guards against, on rows that no trainer objects to."""
    trainer = DPOTrainer(
        model=Qwen2ForCausalLM.from_pretrained(weights),
        args=settings(DPOConfig, tmp_path),
        train_dataset=load_dataset(str(published), "ultrainteract_pair", split="train"),
        processing_class=tokenizer,
    )
    assert not any("What is" in prompt for prompt, _ in dpo_texts(trainer, tokenizer))


def test_kto_sees_every_verified_action_with_its_label(
    published: Path, weights: Path, tokenizer: PreTrainedTokenizerFast, tmp_path: Path
) -> None:
    model = Qwen2ForCausalLM.from_pretrained(weights)
    args = settings(KTOConfig, tmp_path)
    trainer = trainer_of(published, "KTOTrainer", model=model, args=args, tokenizer=tokenizer)
    rows = load_dataset(str(published), "kto", split="train")
    seen = sorted(
        (prompt, answer, bool(label))
        for batch in batches(trainer)
        for (prompt, answer), label in zip(
            halves(tokenizer, batch, batch["completion_mask"]), batch["label"], strict=True
        )
    )
    assert seen == sorted(
        (prompt_text(row), answer_text(row, "completion"), row["label"]) for row in rows
    )
    assert {label for _, _, label in seen} == {True, False}
    one_step(trainer)


def test_the_reward_model_reads_both_conversations_to_their_end(
    published: Path, weights: Path, tokenizer: PreTrainedTokenizerFast, tmp_path: Path
) -> None:
    model = Qwen2ForSequenceClassification.from_pretrained(weights, num_labels=1)
    args = settings(RewardConfig, tmp_path)
    trainer = trainer_of(published, "RewardTrainer", model=model, args=args, tokenizer=tokenizer)
    rows = load_dataset(str(published), "reward", split="train")
    seen = sorted(
        decoded(tokenizer, ids[attended.bool()])
        for batch in batches(trainer)
        for ids, attended in zip(batch["input_ids"], batch["attention_mask"], strict=True)
    )
    assert seen == sorted(prompt + answer for prompt, answer in expected_pairs(rows))
    assert len(rows) > len(load_dataset(str(published), "preference", split="train"))
    one_step(trainer)


def test_sft_learns_the_correct_action_and_nothing_else(
    published: Path, weights: Path, tokenizer: PreTrainedTokenizerFast, tmp_path: Path
) -> None:
    model = Qwen2ForCausalLM.from_pretrained(weights)
    args = settings(SFTConfig, tmp_path)
    trainer = trainer_of(published, "SFTTrainer", model=model, args=args, tokenizer=tokenizer)
    rows = load_dataset(str(published), "sft", split="train")
    seen = sorted(
        pair
        for batch in batches(trainer)
        for pair in halves(tokenizer, batch, batch["labels"] != -100)
    )
    assert seen == sorted((prompt_text(row), answer_text(row, "completion")) for row in rows)
    assert any("think I" in prompt for prompt, _ in seen)
    assert not any("think I" in answer for _, answer in seen)
    one_step(trainer)

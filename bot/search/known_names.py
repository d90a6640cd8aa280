"""Names of methods, models and data sets that people look for whether or not a paper of the archive has them.

No such word is taken for a misspelled one: `bert` is not `best`. Some are short for words that papers may have instead.
"""

import re

from bot.search.schema import split_names

_SHORT_FOR = """
asr: automatic speech recognition; cfg: classifier free guidance; cnn: convolutional neural network;
cot: chain of thought; cua: computer use agents; dit: diffusion transformer; dpo: direct preference optimization;
gan: generative adversarial network; gnn: graph neural network; grpo: group relative policy optimization;
icl: in context learning; kd: knowledge distillation; kg: knowledge graph; llm: large language model;
lora: low rank adaptation; lrm: large reasoning model; mae: masked autoencoder; mcp: model context protocol;
mcts: monte carlo tree search; mllm: multimodal large language model; mlm: masked language model;
moe: mixture of experts; mtp: multi token prediction; nas: neural architecture search;
nerf: neural radiance fields; nmt: neural machine translation; ocr: optical character recognition;
ood: out of distribution; opd: on policy distillation; peft: parameter efficient fine tuning;
ppo: proximal policy optimization; prm: process reward model; ptq: post training quantization;
qat: quantization aware training; rag: retrieval augmented generation; rl: reinforcement learning;
rlhf: reinforcement learning human feedback; rlvr: reinforcement learning verifiable rewards;
rnn: recurrent neural network; rope: rotary position embedding; sae: sparse autoencoder; sam: segment anything;
sft: supervised fine tuning; slam: simultaneous localization mapping; slm: small language model;
ssl: self supervised learning; ssm: state space model; t2i: text to image; t2v: text to video; tts: text to speech;
vae: variational autoencoder; vit: vision transformer; vla: vision language action; vlm: vision language model;
vln: vision language navigation; vqa: visual question answering; wm: world model
"""
EXPANSIONS = dict(each.split(": ") for each in " ".join(_SHORT_FOR.split()).split("; "))
KNOWN_NAMES = frozenset(EXPANSIONS) | frozenset(
    """albert alexnet alibi alpaca alphafold alphago alphazero arc aya bart bert bevformer bloom blip chatgpt
    chinchilla cifar claude clip coco codex cogvideo controlnet deberta deepseek densenet detr diffpool dino
    dinov2 distilbert dolly donut dreambooth dreamfusion dreamer efficientnet electra elmo ernie esm eva falcon
    fasttext flan flamingo flashattention florence flux fsdp gaia galactica gato gemini gemma ggml glove glue
    gopher gpqa gpt gptq gsm8k hellaswag hifigan hubert humaneval hunyuan hyena imagen imagenet internlm
    internvl janus kosmos kimi lamda lambada lightgbm linformer lion llama llava longformer lstm mamba mbpp
    megatron minerva minigpt mistral mixtral mmlu mmmu mnist mobilenet moco molmo moondream mpnet muzero nougat
    olmo optimus orpo palm paligemma pegasus perceiver performer phi pixart pix2pix pointnet qformer qlora qwen
    react reformer reflexion resnet retnet roberta rwkv sana sapiens segformer seggpt siglip simclr smollm sora
    sparsegpt squad starcoder stylegan swebench swiglu swin tacotron toolformer transformerxl unet vicuna
    videomae vilt vqgan vqvae wan wav2vec webarena webgpt whisper word2vec xgboost xlnet xlstm yolo zephyr""".split()  # noqa: SIM905
)
_CAPITALS = re.compile(r"[A-Z].*[A-Z]")


def is_known_name(word: str) -> bool:
    """Whether a part of `word` is one of `KNOWN_NAMES`."""
    return bool(KNOWN_NAMES.intersection(split_names(word)))


def looks_like_name(word: str) -> bool:
    """Whether it has several capitals, such as `LoRA`."""
    return bool(_CAPITALS.search(word))

"""Organisations by all their names, what they are part of, and the signs by which a paper shows that it is theirs.

Made by review of the names in the archive, with sure signs only: `meta`, `apple` or `oxford` in a text says nothing.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from bot.text import fold_text

# Each line: an organisation with its other names, and after each > a part of it with its other names. One after ~ is
# known, but has words that would stand for too much if all papers of the organisation had them.
_ORGANIZATIONS = """
Google; ~Google Research; ~Google AI; ~Google Cloud > Google Brain > Google DeepMind; DeepMind
Meta; Meta AI; AI at Meta; Meta Research; Facebook; ~Facebook AI Research; ~Meta AI for Media Research; \
Meta Llama
Microsoft > Microsoft Research; MSR > Microsoft Research Asia; MSRA
NVIDIA; NVlabs; NVIDIA Research > NVIDIA Deep Imagination Research
Amazon; ~Amazon Science > Amazon AGI > Amazon Web Services; AWS; AWS AI Labs > Amazon Frontier AI & Robotics
IBM > IBM Research
Adobe > Adobe Research
Salesforce; Salesforce AI Research; Salesforce Research
Snap; Snap Research; ~Snapchat Inc.; Snapchat
Samsung > Samsung Research
ServiceNow; ServiceNow-AI; ServiceNow Research
Hugging Face; HuggingFace > LeRobot
Ai2; Allen Institute for AI; ~Allen Institute for Artificial Intelligence; AllenAI
Mistral; Mistral AI; ~Mistral AI_
Cohere > Cohere Labs; Cohere For AI
ByteDance; bytedance-research; TikTok > ByteDance Seed; ~Seed Team; Doubao
Alibaba; ~Alibaba Group; alibaba-inc > Qwen; Qwen Team > Qwen DianJin > Tongyi; TongyiLab; Tongyi Lab; ~Alibaba-NLP > \
Tongyi-MAI > Tongyi-ConvAI > DAMO; DAMO Academy; Alibaba DAMO Academy > AMAP; ~AMAP-ML; ~Alibaba AMAP CV Lab > AIDC-AI \
> Accio > 1688 multimodal & industrial AI > RTP-LLM > Quark
Ant Group; Ant Research; ~Ant Financial > inclusionAI; Ling Team > CodeFuse; CodeFuse AI > Robbyant
Tencent > Hunyuan; Tencent Hunyuan > TencentARC; ~ARC Lab, Tencent PCG; Tencent ARC Lab > WeChat AI; WeChat
Baidu > PaddlePaddle > ernie-research; ERNIE Team
Kuaishou; ~kuaishou technology > Kling Team; Kling > Kolors Team, Kuaishou Technology \
> Kuaishou Visual Generation and Interaction Center
Meituan > LongCat; Meituan LongCat
Xiaohongshu; RedNote > rednote-hilab
Xiaomi; Xiaomi Research > Xiaomi MiMo; MiMo
Huawei > HUAWEI Noah's Ark Lab; Noah's Ark Lab
JD.com; JD; jingdong; ~JD Open Source; ~JD.com Open Source > Joy Future Academy
OPPO > OPPO-Personal-AI-Lab
SenseTime > SenseNova
Z.ai; Zhipu AI; Zhipu
Moonshot AI; Moonshot; Kimi Team
StepFun; ~Step AI
AgiBot > AgiBot World > AgiBot Research
GigaAI; GigaAI-Research
LG AI Research; LG
NAVER; NAVER AI Lab; Naver Cloud
Shanghai AI Lab; shanghai ailab; ~Shanghai AI Laboratory; ~Shanghai Artificial Intelligence Laboratory > OpenGVLab \
> OpenDataLab > Intern Large Models; InternLM > Intern Robotics > Intern Science > IXCLab@Shanghai AI Lab > \
AI45Research \
> Vchitect > InternSVG > OpenCompass
Beijing Academy of Artificial Intelligence; BAAI
Beijing Institute for General Artificial Intelligence; BIGAI
Chinese Academy of Sciences; CAS; ucas; University of Chinese Academy of Sciences \
> Institute of Automation, Chinese Academy of Sciences; CASIA; ~Chinese Academic of Science Institute of Automation \
> Institute of Computing Technology, Chinese Academy of Sciences; ICT CAS > ICIP
Tsinghua University; Tsinghua; THU > Tsinghua Machine Learning Group; THUML > Tsinghua NLP Group; THUNLP > \
Tsinghua-IVG \
> Knowledge Engineer Group @ Tsinghua University; THUKEG > Tsinghua-NICS-EFC > Tsinghua IIGroup > Tsinghua-LeapLab
Peking University; PKU
Zhejiang University; ZJU > ZJUNLP > ZJU-OmniAI
Fudan University; Fudan > FudanCVL > Fudan NLP Lab; FudanNLP > OpenMOSS; ~OpenMOSS (SII, Fudan NLP); OpenMOSS (SII, \
FNLP)
Shanghai Jiao Tong University; SJTU; Shanghai JiaoTong University; ~Shanghai Jiaotong University 1(NOT OFFICIAL) \
> SJTU VisionXLab > DENG Lab @ SJTU > GAIR; SII - GAIR; SII-GAIR
Nanjing University; NJU > NJU-LINK Lab > Multimedia Computing Group-Nanjing University \
> Large-scale Intelligence and Knowledge Lab, Nanjing University
Renmin University of China; RUC > RUC-AIBOX; RUCAIBox > RUC-DataLab > RUC-GSAI-IIRLab > GSAI-ML
University of Science and Technology of China; USTC
Huazhong University of Science and Technology; HUST > HUST Vision Lab
Wuhan University; WHU; ~Wuhan Univeristy > CLAIN-WHU
Harbin Institute of Technology; HIT > HITsz-Text and Multimodal Generative Intelligence Group(TMG)
Westlake University > Text Intelligence Lab of Westlake University
The University of Hong Kong; HKU; Hong Kong University > NLP Group of The University of Hong Kong
The Hong Kong University of Science and Technology; HKUST; hongkong university of science and technology > HKUSTGZ \
> HKUST NLP Group > MMLab@HKUST > usail-hkust > Sponge Computing Lab at HKUST > LARK Lab@HKUST (GZ)
The Chinese University of Hong Kong; CUHK > Chinese University of Hong Kong, Shenzhen > CUHK SphereLab \
> The Chinese University of Hong Kong - Database Group
The Hong Kong Polytechnic University; PolyU
National University of Singapore; NUS > Show Lab
Nanyang Technological University; NTU; Nanyang Technological University Singapore > MMLab@NTU > LMMs-Lab
KAIST; KAIST AI > KAIST-Visual-AI-Lab > DAVIAN Robotics
Seoul National University; SNU > Seoul National University VLSI Lab
National Taiwan University; 台灣大學
The University of Tokyo; UTokyo > UTokyo Yokoya Lab
Massachusetts Institute of Technology; MIT > MIT HAN Lab
Stanford University; Stanford > Stanford NLP
UC Berkeley; University of California, Berkeley; Berkeley > Sky Computing Lab
University of California, Los Angeles; UCLA > UCLA NLP
University of California at San Diego; UC San Diego; UCSD > mlpc-ucsd > McAuley-Lab
University of California, Santa Barbara; UC Santa Barbara; UCSB > UC Santa Barbara NLP Group
University of California, Santa Cruz; UC Santa Cruz; UCSC > UCSC-VLAA
University of California, Irvine; UC Irvine; UCI
Carnegie Mellon University; CMU > CMU-LTI > Chenyan Xiong Research Group at CMU
University of Illinois at Urbana-Champaign; UIUC > UIUC ScaleML Lab > Perception and LANguage Lab @UIUC
University of Washington; UW > University of Washington Math AI Lab
University of Maryland; UMD; University of Maryland College Park > Furong Huang's Lab at UMD > Tianyi Lab
University of North Carolina at Chapel Hill; UNC Chapel Hill; UNC
University of Wisconsin-Madison; University of Wisconsin - Madison; UW-Madison
Georgia Institute of Technology; Georgia Tech
California institute of technology; Caltech
Virginia Tech; Virginia Polytechnic Institute and State University
Princeton University; Princeton > Princeton AI Lab; ~Princeton-AI
New York University; NYU > NYU VisionX > NYU Langone Health OLAB
Yale University; Yale > Yale NLP Lab
Harvard University; Harvard > Harvard Data-Centric Machine Learning Group > Kempner Institute
Johns Hopkins University; JHU > Center for Language and Speech Processing @ JHU
University of Pennsylvania; UPenn
Ohio State University; OSU > OSU NLP Group
University of Texas at Austin; UT Austin > Energy-Aware Computing Lab @ UT ECE
University of Waterloo > TIGER-Lab; TIGER AI Lab > Castorini
University of Toronto > University of Toronto CSSLab
McGill University; McGill > McGill NLP Group
Mila – Quebec Artificial Intelligence Institute; Mila
University of Oxford; Oxford
University of Cambridge; Cambridge > Language Technology Lab @University of Cambridge
University College London; UCL > University College London CS
University of Edinburgh > EdinburghNLP - Natural Language Processing Group at the University of Edinburgh
ETH Zurich; ETH
EPFL > EPFL VILAB
Technical University of Munich; TUM
Ludwig Maximilian University of Munich; LMU Munich; LMU
University of Tübingen; Eberhard Karls Universität Tübingen
Technion; Technion Israel institute of technology
Inria > ALMAnaCH (Inria)
Mohamed Bin Zayed University of Artificial Intelligence; MBZUAI > MBZUAI-IFM Paris Lab
King Abdullah University of Science and Technology; KAUST
Technology Innovation Institute; TII
"""
# Each line: an organisation of above; its accounts on GitHub and the Hub; its hosts; the names of its models, as
# papers about one begin: `Qwen3-VL Technical Report`, `Granite Guardian`.
_SIGNS = """
Google | google google-research google-deepmind google-ai-edge google-gemini | research.google | gemma gemini \
paligemma shieldgemma
Google DeepMind | deepmind google-deepmind | deepmind.google deepmind.com | alphaevolve veo
Meta | facebookresearch meta-llama fairinternal | ai.meta.com ai.facebook.com | v-jepa dinov3 mobilellm
Microsoft | microsoft microsoft-research azure msrgamingexperiences | microsoft.com aka.ms | phi-3 phi-4 vibevoice
NVIDIA | nvlabs nvidia nv-tlabs nvidia-nemo nvidia-cosmos nvidia-ai-iot | nvidia.com | nemotron nvila nvlm
Apple | apple | machinelearning.apple.com | openelm
Amazon | amazon-science awslabs amazon-research aws-samples | amazon.science
IBM | ibm ibm-granite granite | research.ibm.com | granite
Adobe | adobe-research adobe | research.adobe.com
Salesforce | salesforce salesforceairesearch |
Snap | snap-research |
ServiceNow | servicenow |
Intel | intel intellabs |
Qualcomm | qualcomm-ai-research |
Hugging Face | huggingface | | smollm smollm2 smolvlm
Ai2 | allenai | allenai.org | olmo olmoe molmo olmocr
Mistral | mistralai | mistral.ai | mixtral pixtral voxtral magistral
Cohere | cohere-ai coherelabs cohereforai | cohere.com
OpenAI | openai | openai.com | gpt-4o gpt-5 gpt-oss
Anthropic | anthropics anthropic | anthropic.com transformer-circuits.pub
Stability AI | stability-ai stabilityai | stability.ai
Sakana AI | sakanaai | sakana.ai
ByteDance | bytedance byteaigc bytedance-research | bytedance.com doubao.com
ByteDance Seed | bytedance-seed | seed.bytedance.com | seed1.5 seedream seedance seed-coder seed-oss seedvr seedvr2 \
seededit
Alibaba | alibaba alibaba-research alibaba-inc |
Qwen | qwenlm qwen | | qwen qwen2 qwen2.5 qwen3 qwen2-vl qwen2.5-vl qwen3-vl qwen2.5-omni qwen3-omni qwen-image \
qwen2-audio
Tongyi | tongyi-agent alibaba-nlp x-plug tongyi-zhiwen ali-vilab |
Tongyi-MAI | tongyi-mai |
DAMO | alibaba-damo-academy damo-nlp-sg damo-vilab |
AMAP | amap-ml amap-cvlab fantasy-amap |
AIDC-AI | aidc-ai | | ovis ovis2 ovis2.5
Accio | accio-lab |
Ant Group | antgroup alipay ant-research antdigital |
inclusionAI | inclusionai | | ling ring
CodeFuse | codefuse-ai |
Robbyant | robbyant | robbyant.com
Tencent | tencent tencentailab tencentqqgylab | tencent.com
Hunyuan | tencent-hunyuan hunyuan hunyuanvideo | hunyuan.tencent.com | hunyuan hunyuanvideo hunyuan3d hunyuan-large
TencentARC | tencentarc |
WeChat AI | wechatcv weixin | |
Baidu | baidu | | ernie
PaddlePaddle | paddlepaddle | | paddleocr paddleocr-vl
Kuaishou | kwaivgi kwai kuaishou kwai-kolors | | kwai keye-vl
Meituan | meituan meituan-automl |
LongCat | meituan-longcat | longcat.chat | longcat
Xiaohongshu | fireredteam rednote-hilab xiaohongshu |
Xiaomi MiMo | xiaomimimo | | mimo-vl mimo-audio mimo-v2
Huawei | huawei-noah noah-research huawei |
JD.com | jd-opensource |
OPPO | oppo-personalai oppo-mente-lab |
SenseTime | sensetime opensensenova |
Z.ai | zai-org thudm zhipuai | z.ai | glm-4 glm-4.5 glm-5 glm-4.5v cogvideox
Moonshot AI | moonshotai | moonshot.ai | kimi
DeepSeek | deepseek-ai | deepseek.com | deepseek-v2 deepseek-v3 deepseek-v3.2 deepseek-r1 deepseek-vl2 \
deepseek-coder-v2 deepseek-ocr
MiniMax | minimax-ai | minimax.io | minimax-01 minimax-m1
StepFun | stepfun-ai | | step-audio step-audio2 step-video-t2v step1x-edit
AgiBot | agibottech opendrivelab-agibot |
GigaAI | gigaai-research open-gigaai |
LG AI Research | lg-ai-exaone | lgresearch.ai | exaone
NAVER | naver-ai navervision naver clovaai |
Skywork | skyworkai | | skywork
Shanghai AI Lab | internlm opengvlab opendatalab open-compass internrobotics internscience openrobotlab vchitect \
ai45lab pjlab \
uni-medical opengvlab-ai | shlab.org.cn | internlm2 internvl internvl2 internvl2.5 internvl3 internvl3.5 intern-s1
Beijing Academy of Artificial Intelligence | flagopen vectorspacelab baaivision flagai-open baai-agents |
Technology Innovation Institute | tiiuae | | falcon falcon-h1 falcon2-11b
Tsinghua University | thu-ml thunlp thu-keg leaplabthu thuml thu-coai thu-bpm thunlp-mt | tsinghua.edu.cn
Peking University | pku-yuangroup pku-alignment pkunlp-icler pku-epic pku-dair | pku.edu.cn
Zhejiang University | zjunlp zju-real zju3dv zju-llms aim-uofa | zju.edu.cn
Fudan University | openmoss fudancvl fudannlp fudan-generative-vision fudan-zvg | fudan.edu.cn
Shanghai Jiao Tong University | gair-nlp sjtu-ipads sjtu-deng-lab | sjtu.edu.cn
Nanjing University | mcg-nju nju-link nju-pcalab nju-3dv | nju.edu.cn
Renmin University of China | rucaibox ruc-nlpir rucbm ml-gsai ruc-datalab | ruc.edu.cn
Huazhong University of Science and Technology | hustvl |
Nankai University | hvision-nku nku-hlt |
The University of Hong Kong | hku-mmlab hkunlp hkuds opendrivelab | hku.hk
The Hong Kong University of Science and Technology | hkust-nlp hkust-longgroup envision-research hkustgz | ust.hk
The Chinese University of Hong Kong | dvlab-research sphere-ai-lab cuhk-shenzhen freedomintelligence | cuhk.edu.hk \
cuhk.edu.cn
National University of Singapore | showlab nus-hpc-ai-lab | nus.edu.sg
Nanyang Technological University | evolvinglmms-lab mmlab-ntu s-lab-ntu | ntu.edu.sg
KAIST | cvlab-kaist kaist-ai kaistai kaist-cvlab | kaist.ac.kr
Massachusetts Institute of Technology | mit-han-lab mit-ddig mit-spark | mit.edu
Stanford University | stanfordnlp hazyresearch stanford-crfm stanfordmlgroup stanford-oval | stanford.edu
UC Berkeley | berkeley-nlp nerfstudio-project berkeley-hipie skypilot-org | berkeley.edu
University of California, Los Angeles | uclanlp ucla-nlp uclaml | ucla.edu
University of California, Santa Cruz | ucsc-vlaa | ucsc.edu
Carnegie Mellon University | cmu-perceptual-computing-lab neulab cmu-l3 | cmu.edu
University of Illinois at Urbana-Champaign | ulab-uiuc scaleml uiuc-chatbot | illinois.edu
University of Washington | uwnlp | washington.edu
University of Maryland | tianyi-lab umd-huang-lab | umd.edu
Princeton University | princeton-nlp princeton-vl princeton-pli princeton-ai2-lab | princeton.edu
New York University | cambrian-mllm nyu-visionx vision-x-nyu nyu-mll | nyu.edu
Yale University | yale-nlp yale-lily | yale.edu
Ohio State University | osu-nlp-group | osu.edu
University of Waterloo | tiger-ai-lab castorini | uwaterloo.ca
McGill University | mcgill-nlp | mcgill.ca
University of Oxford | oxford-vgg | ox.ac.uk
University of Cambridge | cambridgeltl | cam.ac.uk
University of Edinburgh | edinburghnlp | ed.ac.uk
ETH Zurich | eth-sri eth-lre cvg eth-ait | ethz.ch
EPFL | epfl-vilab epfl-dlab epfllm apple-epfl | epfl.ch
Technical University of Munich | tum-ai | tum.de
Mohamed Bin Zayed University of Artificial Intelligence | mbzuai-oryx mbzuai mbzuai-nlp | mbzuai.ac.ae
King Abdullah University of Science and Technology | vision-cair kaust-ivul | kaust.edu.sa
"""
_AFTER_NAME = re.compile(r":|\s(?:technical|system)\s(?:report|card)", re.IGNORECASE)
_LONGEST_NAME = 3  # words
_SHORTEST_RELATIVE = 4  # letters of a name; a shorter one may be anything
_GITHUB_PAGES = ".github.io"
_WITH_ACCOUNTS = frozenset({"github.com", "www.github.com", "huggingface.co"})


@dataclass(frozen=True, slots=True)
class _Known:
    """An organisation by its names, the usual one first, and the names of what it is part of."""

    names: tuple[str, ...]
    whole: tuple[str, ...] = ()
    family: tuple[str, ...] = ()  # all names of the whole and of all its parts


def list_names(organization: str) -> tuple[str, ...]:
    """The other names of an organisation, by any of its names."""
    known = _KNOWN.get(_fold_name(organization))
    return tuple(each for each in known.names if each != organization) if known else ()


def list_wholes(organization: str) -> tuple[str, ...]:
    """The names of what it is part of: *Google* for DeepMind."""
    known = _KNOWN.get(_fold_name(organization))
    return known.whole if known else ()


def list_relatives(organization: str) -> tuple[str, ...]:
    """Names in one word of other parts of the same whole: *DeepMind* for Google."""
    known = _KNOWN.get(_fold_name(organization))
    if known is None:
        return ()
    others = (each for each in known.family if each not in known.names and each not in known.whole)
    return tuple(each for each in others if each.isalnum() and len(each) >= _SHORTEST_RELATIVE)


def find_signs(title: str, links: Iterable[str]) -> Iterator[str]:
    """The organisations whose paper it seems to be: by the model in its title, and by where its links lead."""
    for link in links:
        yield from _find_by_link(link)
    for name in _list_model_names(title):
        if found := _BY_MODEL.get(name):
            yield found
            return


def _find_by_link(link: str) -> Iterator[str]:
    try:
        parts = urlsplit(link.lower() if "://" in link else f"https://{link.lower()}")
    except ValueError:
        return
    host = parts.netloc.removeprefix("www.")
    account = parts.path.lstrip("/").partition("/")[0] if host in _WITH_ACCOUNTS else ""
    if host.endswith(_GITHUB_PAGES):
        account = host.removesuffix(_GITHUB_PAGES)
    if found := _BY_ACCOUNT.get(account):
        yield found
    labels = host.split(".")
    for start in range(len(labels) - 1):
        if found := _BY_HOST.get(".".join(labels[start:])):
            yield found
            return


def _list_model_names(title: str) -> Sequence[str]:
    """What may be the name of a model that the paper presents, if its title begins with a name or is one."""
    words = _AFTER_NAME.split(title, maxsplit=1)[0].lower().split()
    return ("-".join(words), *_cut_version(words[0])) if 1 <= len(words) <= _LONGEST_NAME else ()


def _cut_version(word: str) -> Sequence[str]:
    """`qwen3-coder-next`, `qwen3-coder` and `qwen3`."""
    pieces = word.split("-")
    return ["-".join(pieces[:end]) for end in range(len(pieces), 0, -1)]


def _fold_name(name: str) -> str:
    return "".join(re.findall(r"\w+", fold_text(name))).removeprefix("the")


def _read_organizations() -> dict[str, _Known]:
    known: dict[str, _Known] = {}
    for line in _read_lines(_ORGANIZATIONS):
        parts = [tuple(name.strip() for name in part.split(";")) for part in line.split(" > ")]
        family = tuple(name for names in parts for name in _drop_marked(names))
        for names in parts:
            whole = () if names is parts[0] else _drop_marked(parts[0])
            for name in names:
                known[_fold_name(name)] = _Known(_drop_marked(names), whole, family)
    return known


def _drop_marked(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(name for name in names if not name.startswith("~"))


def _read_signs(column: int) -> dict[str, str]:
    """The organisation of each account (1), host (2) or model (3)."""
    rows = [[each.strip() for each in line.split("|")] for line in _read_lines(_SIGNS)]
    return {sign: row[0] for row in rows if len(row) > column for sign in row[column].split()}


def _read_lines(table: str) -> list[str]:
    return table.strip().split("\n")


_KNOWN = _read_organizations()
_BY_ACCOUNT, _BY_HOST, _BY_MODEL = (_read_signs(column) for column in (1, 2, 3))

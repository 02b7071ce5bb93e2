//! The networks, in the order of their work. Signatures and numbers as their publishers' own programs use
//! them; digests as the sources beside them state them, not checked here.

use safelight_inference::DType;
use safelight_inference::manifest::DataTerms;

use super::{COLOUR, CUTOUT, Contract, FACES, Network, REMOVAL};

/// Red, green and blue in planes.
const fn picture(dtype: DType, side: usize, meaning: &'static str) -> Contract {
    Contract { name: "image", dtype, shape: [1, 3, side, side], meaning }
}

const fn mask(name: &'static str, dtype: DType, side: usize, meaning: &'static str) -> Contract {
    Contract { name, dtype, shape: [1, 1, side, side], meaning }
}

const ISNET_INPUT: &[Contract] = &[picture(
    DType::F32,
    1024,
    "RGB divided by the largest value, less 0.5; resized whatever its aspect",
)];
const BIREFNET_INPUT: &[Contract] = &[picture(
    DType::F32,
    1024,
    "RGB divided by the largest value, by the statistics of ImageNet; resized whatever its aspect",
)];
const BIREFNET_AUTHOR: &str = "Peng Zheng, Dehong Gao, Deng-Ping Fan, Li Liu, Jorma Laaksonen, Wanli Ouyang and Nicu Sebe (BiRefNet)";

const BIREFNET: Network = Network {
    name: "",
    slot: CUTOUT,
    task: "cut-outs: how much each pixel belongs to the main subject",
    inputs: BIREFNET_INPUT,
    output: mask(
        "output_image",
        DType::F32,
        1024,
        "logits, brought to 0..1 by the logistic function",
    ),
    author: BIREFNET_AUTHOR,
    licence: "MIT",
    data: "DIS5K, HRSOD, UHRSD and others",
    terms: DataTerms::Unstated,
    digests: &[],
};

/// Every network that can be added.
pub const NETWORKS: &[Network] = &[
    // As rembg feeds it (`sessions/dis_general_use.py`).
    Network {
        name: "isnet-general-use",
        slot: CUTOUT,
        task: "cut-outs: how much each pixel belongs to the main subject",
        inputs: ISNET_INPUT,
        output: mask(
            "mask",
            DType::F32,
            1024,
            "how much each pixel belongs to the subject, about 0..1",
        ),
        author: "Xuebin Qin, Hang Dai, Xiaobin Hu, Deng-Ping Fan, Ling Shao and Luc Van Gool (IS-Net, DIS)",
        licence: "Apache-2.0",
        data: "DIS5K, whose own terms hold for it",
        terms: DataTerms::Unstated,
        digests: &[(
            "60920e99c45464f2ba57bee2ad08c919a52bbf852739e96947fbb4358c0d964a",
            "isnet-general-use.onnx of rembg v0.0.0",
        )],
    },
    // As rembg feeds it (`sessions/birefnet_general.py`).
    Network {
        name: "birefnet-general",
        digests: &[(
            "58f621f00f5d756097615970a88a791584600dcf7c45b18a0a6267535a1ebd3c",
            "BiRefNet-general-epoch_244.onnx of rembg v0.0.0",
        )],
        ..BIREFNET
    },
    Network {
        name: "birefnet-general-lite",
        digests: &[(
            "5600024376f572a557870a5eb0afb1e5961636bef4e1e22132025467d0f03333",
            "BiRefNet-general-bb_swin_v1_tiny-epoch_232.onnx of rembg v0.0.0",
        )],
        ..BIREFNET
    },
    Network {
        name: "birefnet-portrait",
        digests: &[(
            "1ba1c8ff5a7bbfadc8d8d13fb11d7be793f91f23d9d466549e37a854f6668f99",
            "BiRefNet-portrait-epoch_150.onnx of rembg v0.0.0",
        )],
        ..BIREFNET
    },
    // The conversion of Carve Photos.
    Network {
        name: "lama",
        slot: REMOVAL,
        task: "removal: fills holes from their surroundings",
        inputs: &[
            picture(DType::F32, 512, "RGB, 0..1"),
            mask("mask", DType::F32, 512, "1 in the hole, 0 elsewhere"),
        ],
        output: Contract {
            name: "output",
            dtype: DType::F32,
            shape: [1, 3, 512, 512],
            meaning: "RGB, 0..255",
        },
        author: "Roman Suvorov, Elizaveta Logacheva, Anton Mashikhin and others (LaMa)",
        licence: "Apache-2.0",
        data: "Places2",
        terms: DataTerms::Unstated,
        digests: &[(
            "1faef5301d78db7dda502fe59966957ec4b79dd64e16f03ed96913c7a4eb68d6",
            "lama_fp32.onnx of Carve/LaMa-ONNX",
        )],
    },
    // The graph that cuts out, fills and puts back by itself, of the authors.
    Network {
        name: "migan",
        slot: REMOVAL,
        task: "removal: fills holes from their surroundings",
        inputs: &[
            picture(DType::U8, 0, "RGB, bytes"),
            mask("mask", DType::U8, 0, "0 in the hole, 255 elsewhere"),
        ],
        output: Contract {
            name: "result",
            dtype: DType::U8,
            shape: [1, 3, 0, 0],
            meaning: "RGB, bytes",
        },
        author: "Andranik Sargsyan, Shant Navasardyan, Xingqian Xu and Humphrey Shi (MI-GAN)",
        licence: "MIT",
        data: "Places2",
        terms: DataTerms::Unstated,
        digests: &[(
            "6f1f3530a1a2324b19752018ce756088b07973cda8d7d890034ace5c8a48c40b",
            "migan_pipeline_v2.onnx of andraniksargsyan/migan",
        )],
    },
    Network {
        name: "gfpgan",
        slot: FACES,
        task: "faces: restores what blur and compression took",
        inputs: &[picture(
            DType::F32,
            512,
            "an upright face, RGB, -1..1; the five points lie where those of FFHQ do",
        )],
        output: Contract {
            name: "output",
            dtype: DType::F32,
            shape: [1, 3, 512, 512],
            meaning: "the face restored, RGB, -1..1",
        },
        author: "Xintao Wang, Yu Li, Honglun Zhang and Ying Shan (GFPGAN)",
        licence: "Apache-2.0",
        data: "FFHQ",
        terms: DataTerms::NonCommercial,
        digests: &[
            ("6548e54cbcf248af385248f0c1193b359c37a0f98b836282b09cf48af4fd2b73", "GFPGANv1.4.onnx"),
            (
                "d1e718d437b6d53f9ec3216a4ad468a74caf98187217dc9f40eab45f42d0ed14",
                "gfpgan-v1.2.onnx of clibdev/GFPGAN-onnxruntime-demo",
            ),
        ],
    },
    Network {
        name: "ddcolor",
        inputs: &[picture(
            DType::F32,
            512,
            "RGB of the lightness alone, 0..1; resized whatever its aspect",
        )],
        output: Contract {
            name: "output",
            dtype: DType::F32,
            shape: [1, 2, 512, 512],
            meaning: "a and b of CIE L*a*b*",
        },
        digests: &[(
            "9c881551a0caf29ea283be09e863a841b5bf454b83299357f483f49f6ca18193",
            "ddcolor.onnx of the Varve export of piddnad/ddcolor_modelscope",
        )],
        ..DDCOLOR
    },
    Network {
        name: "ddcolor-tiny",
        inputs: &[picture(
            DType::F32,
            256,
            "RGB of the lightness alone, 0..1; resized whatever its aspect",
        )],
        output: Contract {
            name: "output",
            dtype: DType::F32,
            shape: [1, 2, 256, 256],
            meaning: "a and b of CIE L*a*b*",
        },
        digests: &[(
            "1410b455cd230a587c38b5771a0193aa6f28bb89b0e29566fbdb791bb1310c47",
            "ddcolor-tiny.onnx of the Varve export of piddnad/ddcolor_paper_tiny",
        )],
        ..DDCOLOR
    },
];

const DDCOLOR: Network = Network {
    name: "",
    slot: COLOUR,
    task: "colour: likely colours of gray pictures",
    inputs: &[],
    output: Contract { name: "output", dtype: DType::F32, shape: [0; 4], meaning: "" },
    author: "Xiaoyang Kang, Tao Yang, Wenqi Ouyang, Peiran Ren, Lingzhi Li and Xuansong Xie (DDColor)",
    licence: "Apache-2.0",
    data: "ImageNet and others",
    terms: DataTerms::Unstated,
    digests: &[],
};

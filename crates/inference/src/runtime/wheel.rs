//! The pinned release of the native library for each platform, and which of its files the CPU
//! needs.

/// Version of OpenVINO that is fetched.
pub const VERSION: &str = "2026.4.1";
/// Name of the Python package.
pub(super) const PACKAGE: &str = "openvino";

/// One platform's archive of the package.
#[derive(Debug)]
pub(super) struct Wheel {
    /// Operating system, as Rust names it.
    pub(super) os: &'static str,
    /// Processor, as Rust names it.
    pub(super) arch: &'static str,
    /// The platform tag to ask pip for.
    pub(super) tag: &'static str,
    /// SHA-256 of the archive.
    pub(super) sha256: &'static str,
    /// Size of the archive.
    pub(super) bytes: u64,
    /// The file that the process loads.
    pub(super) library: &'static str,
    /// All files that the CPU needs, without their folder in the archive.
    pub(super) files: &'static [&'static str],
}

/// Where the archive keeps the libraries.
pub(super) const LIBRARIES: &str = "openvino/libs/";
/// Part of the path of the licence texts, which are unpacked too.
pub(super) const LICENCES: &str = ".dist-info/licenses/";

/// The archive for the platform that this program was built for.
pub(super) fn for_this_platform() -> Option<&'static Wheel> {
    // The Linux archives are linked against glibc.
    let foreign_libc = cfg!(all(target_os = "linux", not(target_env = "gnu")));
    let (os, arch) = (std::env::consts::OS, std::env::consts::ARCH);
    WHEELS.iter().find(|wheel| !foreign_libc && (wheel.os, wheel.arch) == (os, arch))
}

const WHEELS: [Wheel; 4] = [
    Wheel {
        os: "linux",
        arch: "x86_64",
        tag: "manylinux_2_28_x86_64",
        sha256: "2d22b1da03f7caf74df30e9f6417d0ab2f637e4a38e08e1dcd294d2c37407aaf",
        bytes: 59_130_756,
        library: "libopenvino_c.so.2641",
        files: &[
            "libopenvino.so.2641",
            "libopenvino_c.so.2641",
            "libopenvino_onnx_frontend.so.2641",
            "libopenvino_ir_frontend.so.2641",
            "libopenvino_intel_cpu_plugin.so",
            "libtbb.so.12",
            "libtbbmalloc.so.2",
            "libtbbbind_2_5.so.3",
            "libhwloc.so.15",
        ],
    },
    Wheel {
        os: "linux",
        arch: "aarch64",
        tag: "manylinux_2_35_aarch64",
        sha256: "bea1eb3733c34ef331adc945da0ccda5937865031139073663be84c517ffda22",
        bytes: 30_348_540,
        library: "libopenvino_c.so.2641",
        files: &[
            "libopenvino.so.2641",
            "libopenvino_c.so.2641",
            "libopenvino_onnx_frontend.so.2641",
            "libopenvino_ir_frontend.so.2641",
            "libopenvino_arm_cpu_plugin.so",
            "libtbb.so.12",
            "libtbbmalloc.so.2",
            "libtbbbind_2_5.so.3",
            "libhwloc.so.15",
        ],
    },
    Wheel {
        os: "macos",
        arch: "aarch64",
        tag: "macosx_11_0_arm64",
        sha256: "d3740853691ae4a9003bc3417a4625d848e2cc3251af4b815c59199b38be252a",
        bytes: 33_302_114,
        library: "libopenvino_c.2641.dylib",
        files: &[
            "libopenvino.2641.dylib",
            "libopenvino_c.2641.dylib",
            "libopenvino_onnx_frontend.2641.dylib",
            "libopenvino_ir_frontend.2641.dylib",
            "libopenvino_arm_cpu_plugin.so",
            "libtbb.12.dylib",
            "libtbbmalloc.2.dylib",
            "libtbbbind_2_5.3.dylib",
            "libhwloc.dylib",
        ],
    },
    Wheel {
        os: "windows",
        arch: "x86_64",
        tag: "win_amd64",
        sha256: "bfddae6d6d3ad240157b946f180c33d0ddfaaae7487995d929a4e6b4bc12b283",
        bytes: 84_956_545,
        library: "openvino_c.dll",
        files: &[
            "openvino.dll",
            "openvino_c.dll",
            "openvino_onnx_frontend.dll",
            "openvino_ir_frontend.dll",
            "openvino_intel_cpu_plugin.dll",
            "tbb12.dll",
            "tbbmalloc.dll",
            "tbbbind_2_5.dll",
        ],
    },
];

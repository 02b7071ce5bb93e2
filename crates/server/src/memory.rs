//! How much memory this process may take: what the machine has, what its control groups allow, and
//! how large its address space may be. Known on Linux only.

use std::fs;
use std::path::{Path, PathBuf};

/// Address space that the process takes beside its memory, and more for each core: the program with
/// the models inside it, the inference library, the stacks of threads and what allocators reserve
/// ahead. Measured on two cores, see `bench/README.md`; on more, an estimate.
const ADDRESSES: u64 = 2 << 30;
const ADDRESSES_PER_CORE: u64 = 256 << 20;

/// The most that this process may take, and what decides it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Allowance {
    /// Bytes.
    pub bytes: u64,
    /// What sets the limit, fit for a message: "the machine's memory of … bytes".
    pub by: String,
}

impl Allowance {
    /// The allowance of this process; `None` where the system does not tell.
    pub fn of_this_process() -> Option<Self> {
        let cores = std::thread::available_parallelism().map_or(1, |cores| cores.get() as u64);
        Self::read(Path::new("/"), cores)
    }

    /// As the files `proc` and `sys` below `root` tell it, on so many cores.
    fn read(root: &Path, cores: u64) -> Option<Self> {
        let machine = machine(root)
            .map(|bytes| Self { bytes, by: format!("the machine's memory of {bytes} bytes") });
        let group = groups(root).into_iter().filter_map(|file| read_number(&file)).min();
        let group = group.map(|bytes| Self {
            bytes,
            by: format!("the control group's memory limit of {bytes} bytes"),
        });
        let reserved = ADDRESSES + ADDRESSES_PER_CORE * cores;
        let addresses = address_space(root).map(|limit| Self {
            bytes: limit.saturating_sub(reserved),
            by: format!(
                "the address space's limit of {limit} bytes (ulimit -v), of which libraries, stacks \
                 and allocators take {reserved}"
            ),
        });
        [machine, group, addresses].into_iter().flatten().min_by_key(|allowance| allowance.bytes)
    }
}

/// The memory of the machine.
fn machine(root: &Path) -> Option<u64> {
    let text = fs::read_to_string(root.join("proc/meminfo")).ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix("MemTotal:"))?;
    let kib: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    kib.checked_mul(1024)
}

/// The soft limit of the address space; `None` when there is none.
fn address_space(root: &Path) -> Option<u64> {
    let text = fs::read_to_string(root.join("proc/self/limits")).ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix("Max address space"))?;
    line.split_whitespace().next()?.parse().ok()
}

/// The files that hold the memory limits of this process's control groups and of those that they are
/// in, of both versions. A container may see the names of groups outside it, which are not there.
fn groups(root: &Path) -> Vec<PathBuf> {
    let text = fs::read_to_string(root.join("proc/self/cgroup")).unwrap_or_default();
    let of_line = |line: &str| {
        let mut fields = line.splitn(3, ':').skip(1);
        let (controllers, path) = (fields.next()?, fields.next()?);
        let (folder, file) = match controllers {
            "" => ("sys/fs/cgroup", "memory.max"),
            some if some.split(',').any(|name| name == "memory") => {
                ("sys/fs/cgroup/memory", "memory.limit_in_bytes")
            }
            _ => return None,
        };
        let ancestors = Path::new(path.trim_start_matches('/')).ancestors();
        let files = ancestors.map(|group| root.join(folder).join(group).join(file));
        Some(files.collect::<Vec<_>>())
    };
    text.lines().filter_map(of_line).flatten().collect()
}

/// The number that a file holds; `None` for `max`, which is no limit.
fn read_number(file: &Path) -> Option<u64> {
    fs::read_to_string(file).ok()?.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const GIB: u64 = 1 << 30;

    /// A system of 8 GiB with these files.
    fn system(files: &[(&str, &str)]) -> tempfile::TempDir {
        let root = tempfile::tempdir().expect("a folder");
        let memory = ("proc/meminfo", "MemTotal:        8388608 kB\nMemFree:  1 kB\n");
        for (path, text) in [memory].iter().chain(files) {
            let path = root.path().join(path);
            fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
            fs::write(path, text).expect("a file");
        }
        root
    }

    fn allowed(files: &[(&str, &str)]) -> Allowance {
        Allowance::read(system(files).path(), 4).expect("known")
    }

    #[test]
    fn without_limits_the_machine_decides() {
        assert_eq!(allowed(&[]).bytes, 8 * GIB);
        let unlimited = [
            ("proc/self/cgroup", "4:memory:/\n0::/user.slice\n"),
            ("sys/fs/cgroup/user.slice/memory.max", "max\n"),
            ("sys/fs/cgroup/memory/memory.limit_in_bytes", "9223372036854771712\n"),
            ("proc/self/limits", "Max address space  unlimited  unlimited  bytes\n"),
        ];
        assert_eq!(allowed(&unlimited).bytes, 8 * GIB);
        assert_eq!(Allowance::read(tempfile::tempdir().expect("a folder").path(), 4), None);
    }

    #[test]
    fn the_least_of_the_groups_and_their_ancestors_decides() {
        let second = [
            ("proc/self/cgroup", "0::/system.slice/safelight.service\n"),
            ("sys/fs/cgroup/system.slice/safelight.service/memory.max", "4294967296\n"),
            ("sys/fs/cgroup/system.slice/memory.max", "2147483648\n"),
        ];
        let found = allowed(&second);
        assert_eq!(found.bytes, 2 * GIB);
        assert!(found.by.contains("control group"), "{}", found.by);
        let first = [
            ("proc/self/cgroup", "9:cpu,cpuacct:/x\n7:memory:/docker/abc\n"),
            ("sys/fs/cgroup/memory/memory.limit_in_bytes", "1073741824\n"),
        ];
        assert_eq!(allowed(&first).bytes, GIB, "a container sees its own group as the root");
        let other = [
            ("proc/self/cgroup", "9:cpu,cpuacct:/x\n"),
            ("sys/fs/cgroup/memory/memory.limit_in_bytes", "1073741824\n"),
        ];
        assert_eq!(allowed(&other).bytes, 8 * GIB, "the group is none of this process");
    }

    #[test]
    fn the_address_space_leaves_less_than_its_limit() {
        let limits =
            "Limit  Soft Limit  Hard Limit  Units\nMax address space  4294967296  unlimited\n";
        let found = allowed(&[("proc/self/limits", limits)]);
        assert_eq!(found.bytes, GIB);
        assert!(found.by.contains("ulimit -v"), "{}", found.by);
        let none = allowed(&[("proc/self/limits", "Max address space  1048576  1048576  bytes\n")]);
        assert_eq!(none.bytes, 0);
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn this_process_has_an_allowance() {
        assert!(Allowance::of_this_process().is_some_and(|allowed| allowed.bytes > 64 << 20));
    }
}

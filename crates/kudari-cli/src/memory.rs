//! How much memory may be used.

use std::path::{Path, PathBuf};

/// Bytes of memory that this process may use: the least of the limit on its address space (`ulimit -v`), that of its control group, and
/// what is free. `None` where the system does not say.
pub fn usable() -> Option<u64> {
    let read = |path: &Path| std::fs::read_to_string(path).ok();
    let address_space = read(Path::new("/proc/self/limits")).and_then(|text| limit_of(&text));
    let group = read(Path::new("/proc/self/cgroup")).and_then(|text| group_limit(&text, read));
    let free = read(Path::new("/proc/meminfo")).and_then(|text| free_of(&text));
    [address_space, group, free].into_iter().flatten().min()
}

/// The limit on the address space in `/proc/self/limits`.
fn limit_of(limits: &str) -> Option<u64> {
    limits.lines().find_map(|line| line.strip_prefix("Max address space"))?.split_whitespace().next()?.parse().ok()
}

/// The least `memory.max` of the control group in `/proc/self/cgroup` and of those that it lies in.
fn group_limit(groups: &str, read: impl Fn(&Path) -> Option<String>) -> Option<u64> {
    let own = groups.lines().find_map(|line| line.strip_prefix("0::"))?;
    let folder = PathBuf::from("/sys/fs/cgroup").join(own.trim_start_matches('/'));
    let limits = folder.ancestors().take_while(|folder| folder.starts_with("/sys/fs/cgroup"));
    limits.filter_map(|folder| read(&folder.join("memory.max"))?.trim().parse().ok()).min()
}

/// What is free in `/proc/meminfo`.
fn free_of(meminfo: &str) -> Option<u64> {
    let kilobytes: u64 =
        meminfo.lines().find_map(|line| line.strip_prefix("MemAvailable:"))?.split_whitespace().next()?.parse().ok()?;
    Some(kilobytes.saturating_mul(1024))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_are_read() {
        let limits = "Limit                     Soft Limit           Hard Limit           Units     \n\
            Max cpu time              unlimited            unlimited            seconds   \n\
            Max address space         209715200            unlimited            bytes     \n";
        assert_eq!((limit_of(limits), limit_of("Max address space   unlimited  unlimited bytes")), (Some(209_715_200), None));
        assert_eq!(free_of("MemTotal: 24 kB\nMemAvailable:   2048 kB\n"), Some(2_097_152));
        let file = |path: &Path| match path.to_str()? {
            "/sys/fs/cgroup/a/memory.max" => Some("5000\n".to_string()),
            "/sys/fs/cgroup/a/b/memory.max" => Some("max\n".to_string()),
            _ => None,
        };
        assert_eq!(
            (group_limit("0::/a/b\n", file), group_limit("0::/\n", file), group_limit("1:cpu:/a\n", file)),
            (Some(5000), None, None)
        );
    }
}

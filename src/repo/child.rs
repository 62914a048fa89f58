//! A child process that has a deadline, and that ends with this process.
//!
//! - Its standard input is a pipe that this process holds open. On Linux, the kernel kills the child's
//!   process group when that pipe closes, however this process ends. The signal is SIGKILL, which
//!   no process can ignore. Only `fcntl` sets group and signal, and no safe crate offers it. This is
//!   the only `unsafe` code. It passes numbers and no memory.
//! - Its output goes to a file without a name, so a process that outlives the child cannot block the reader.
//! - `std` starts it by `posix_spawn`, which copies no page tables, as long as no directory, user
//!   or `pre_exec` is set.
//! - The child leads its own process group. The group is killed before the system can reuse the
//!   child's id, so processes that the child started end with it.

use std::{
    fs::File,
    io::{self, PipeWriter, Seek},
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use parking_lot::Mutex;

use crate::git::Environment;

/// The most bytes of output.
const OUTPUT: u64 = 64 << 20;

/// The shortest and the longest pause between two checks of whether a child has ended.
const SOON: Duration = Duration::from_micros(100);
const LATEST: Duration = Duration::from_millis(10);

/// Runs `command` to its end. Returns its exit code, which is -1 after a signal, and its output or, with
/// `is_errors`, its errors. The error is [`io::ErrorKind::TimedOut`] after the deadline and after a SIGKILL, and
/// [`io::ErrorKind::InvalidData`] if there are more than 64 MB of output.
pub(crate) fn run(
    command: &mut Command,
    is_errors: bool,
    deadline: Instant,
) -> io::Result<(i32, File)> {
    let started = Instant::now();
    let mut output = file()?;
    let mut running = Running::start(command, output.try_clone()?, is_errors)?;
    loop {
        let ended = running.exit_code()?;
        if output.metadata()?.len() > OUTPUT {
            return Err(io::ErrorKind::InvalidData.into());
        }
        if let Some(code) = ended {
            output.rewind()?;
            return Ok((code, output));
        }
        if Instant::now() >= deadline {
            return Err(io::ErrorKind::TimedOut.into());
        }
        thread::sleep((started.elapsed() / 8).clamp(SOON, LATEST));
    }
}

/// A file without a name: in memory, or else in the temporary directory.
fn file() -> io::Result<File> {
    #[cfg(target_os = "linux")]
    if let Ok(file) = rustix::fs::memfd_create("taas-git", rustix::fs::MemfdFlags::CLOEXEC) {
        return Ok(file.into());
    }
    tempfile::tempfile_in(&Environment::get().temporary)
}

/// A child that is killed and waited for when this is dropped.
struct Running {
    child: Child,
    /// The other end of its standard input. No other process has it, so it closes when this process ends.
    _leash: PipeWriter,
}

impl Running {
    fn start(command: &mut Command, output: File, is_errors: bool) -> io::Result<Self> {
        // Only one child starts at a time, because starting takes several file descriptors.
        static STARTING: Mutex<()> = Mutex::new(());
        let _one = STARTING.lock();
        let (input, leash) = io::pipe()?;
        command.stdin(input.try_clone()?).stdout(Stdio::null()).stderr(Stdio::null());
        if is_errors {
            command.stderr(output)
        } else {
            command.stdout(output)
        };
        #[cfg(unix)]
        std::os::unix::process::CommandExt::process_group(command, 0);
        #[cfg(windows)]
        std::os::windows::process::CommandExt::creation_flags(command, CREATE_NO_WINDOW);
        let child = command.spawn();
        // Closes the files that the command holds.
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let running = Self { child: child?, _leash: leash };
        #[cfg(target_os = "linux")]
        running.tie(&input);
        Ok(running)
    }

    /// Has the kernel kill the child's group when the leash is closed, and limits the child's memory,
    /// because a repository can make git allocate too much. If the system forbids either, git is
    /// still used.
    #[cfg(target_os = "linux")]
    fn tie(&self, input: &io::PipeReader) {
        use rustix::{fs::OFlags, process};
        use std::os::fd::AsRawFd;

        let (input_fd, group) = (input.as_raw_fd(), -self.pid().as_raw_pid());
        #[expect(unsafe_code, reason = "rustix has neither; no memory is passed")]
        unsafe {
            libc::fcntl(input_fd, libc::F_SETOWN, group);
            libc::fcntl(input_fd, F_SETSIG, libc::SIGKILL);
        }
        let flags = OFlags::from_bits_retain(libc::O_ASYNC.cast_unsigned());
        let _ = rustix::fs::fcntl_setfl(input, flags);
        let memory = process::Rlimit { current: Some(MEMORY), maximum: Some(MEMORY) };
        let _ = process::prlimit(Some(self.pid()), process::Resource::Data, memory);
    }

    #[cfg(unix)]
    fn pid(&self) -> rustix::process::Pid {
        rustix::process::Pid::from_child(&self.child)
    }

    /// The child's exit code, if the child has ended. The child is not reaped, so its id is not reused.
    #[cfg(unix)]
    fn exit_code(&mut self) -> io::Result<Option<i32>> {
        use rustix::process::{Signal, WaitId, WaitIdOptions, WaitIdStatus, waitid};
        let options = WaitIdOptions::EXITED | WaitIdOptions::NOWAIT | WaitIdOptions::NOHANG;
        let ended = waitid(WaitId::Pid(self.pid()), options)?;
        // Probably the system ran out of memory, so trying another git would not help.
        if ended.as_ref().and_then(WaitIdStatus::terminating_signal) == Some(Signal::KILL.as_raw())
        {
            return Err(io::ErrorKind::TimedOut.into());
        }
        Ok(ended.map(|status| status.exit_status().unwrap_or(-1)))
    }

    #[cfg(not(unix))]
    fn exit_code(&mut self) -> io::Result<Option<i32>> {
        Ok(self.child.try_wait()?.map(|status| status.code().unwrap_or(-1)))
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        #[cfg(unix)]
        let _ = rustix::process::kill_process_group(self.pid(), rustix::process::Signal::KILL);
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[cfg(target_os = "linux")]
const MEMORY: u64 = 512 << 20;

/// `libc` lacks this constant for musl.
#[cfg(target_os = "linux")]
const F_SETSIG: libc::c_int = 10;

#[cfg(windows)]
const CREATE_NO_WINDOW: u32 = 0x0800_0000;

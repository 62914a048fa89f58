//! A child process that has a deadline, and that ends with this process.
//!
//! - Its standard input is a pipe that this process holds open, and on Linux the kernel kills the
//!   child's process group when that closes, however this process ends. To say which group that
//!   is takes `fcntl(F_SETOWN)`, which no safe crate offers: it is the one `unsafe`, and it passes
//!   two numbers and no memory.
//! - `std` starts it by `posix_spawn`, which copies no page tables, as long as no directory, user
//!   or `pre_exec` is set.
//! - It leads a process group of its own, so that what it starts ends with it.

use std::{
    io,
    process::{Child, ChildStdout, Command, Stdio},
    sync::mpsc,
    thread,
    time::{Duration, Instant},
};

use parking_lot::Mutex;

/// Runs `command` to its end and has its output read by `read`: whether it succeeded, and what was
/// read. `None` where it was killed, as its time was up.
///
/// A thread reads that ends with the output: only Unix can wait for a pipe and a moment together.
pub(crate) fn run<T: Send + 'static>(
    command: &mut Command,
    deadline: Instant,
    read: impl FnOnce(ChildStdout) -> T + Send + 'static,
) -> io::Result<Option<(bool, T)>> {
    let mut running = Running::start(command)?;
    let output = running.child.stdout.take();
    let output = output.ok_or(io::ErrorKind::BrokenPipe)?;
    let (sender, receiver) = mpsc::sync_channel(1);
    let reader = thread::Builder::new().name("taas-git-output".to_owned()).stack_size(128 << 10);
    reader.spawn(move || sender.send(read(output)))?;
    let left = deadline.saturating_duration_since(Instant::now());
    let Ok(read) = receiver.recv_timeout(left) else {
        return Ok(None);
    };
    // By now it has closed its output, or can write no more, and is about to end.
    loop {
        match running.child.try_wait()? {
            Some(status) => return Ok(Some((status.success(), read))),
            None if Instant::now() >= deadline => return Ok(None),
            None => thread::sleep(Duration::from_micros(100)),
        }
    }
}

/// A child that is killed and waited for when this is dropped.
struct Running {
    child: Child,
    /// The other end of its standard input. Nobody else has it, so it is closed with this process.
    _leash: io::PipeWriter,
}

impl Running {
    fn start(command: &mut Command) -> io::Result<Self> {
        // One at a time, for the sake of the descriptors that starting takes.
        static STARTING: Mutex<()> = Mutex::new(());
        let _one = STARTING.lock();
        let (input, leash) = io::pipe()?;
        command.stdin(input.try_clone()?).stdout(Stdio::piped()).stderr(Stdio::null());
        #[cfg(unix)]
        std::os::unix::process::CommandExt::process_group(command, 0);
        #[cfg(windows)]
        std::os::windows::process::CommandExt::creation_flags(command, CREATE_NO_WINDOW);
        let child = command.spawn();
        // What the command holds of the pipe is closed.
        command.stdin(Stdio::null());
        let running = Self { child: child?, _leash: leash };
        #[cfg(target_os = "linux")]
        running.tie(&input)?;
        Ok(running)
    }

    /// Has the kernel send a signal that kills to the child's group when the leash is closed, and
    /// bounds the memory for its data, so that a bomb in a repository is the child's problem.
    #[cfg(target_os = "linux")]
    fn tie(&self, input: &io::PipeReader) -> io::Result<()> {
        use rustix::{fs::OFlags, process};
        use std::os::fd::AsRawFd;

        let memory = process::Rlimit { current: Some(MEMORY), maximum: Some(MEMORY) };
        process::prlimit(Some(self.pid()), process::Resource::Data, memory)?;
        let (input_fd, group) = (input.as_raw_fd(), -self.pid().as_raw_pid());
        #[expect(unsafe_code, reason = "rustix has no F_SETOWN; no memory is passed")]
        let set = unsafe { libc::fcntl(input_fd, libc::F_SETOWN, group) };
        if set != 0 {
            return Err(io::Error::last_os_error());
        }
        let flags = OFlags::from_bits_retain(libc::O_ASYNC.cast_unsigned());
        Ok(rustix::fs::fcntl_setfl(input, flags)?)
    }

    #[cfg(unix)]
    fn pid(&self) -> rustix::process::Pid {
        rustix::process::Pid::from_child(&self.child)
    }
}

#[cfg(target_os = "linux")]
const MEMORY: u64 = 512 << 20;

#[cfg(windows)]
const CREATE_NO_WINDOW: u32 = 0x0800_0000;

impl Drop for Running {
    fn drop(&mut self) {
        // A child that was waited for leaves its id to others.
        if let Ok(None) = self.child.try_wait() {
            #[cfg(unix)]
            let _ = rustix::process::kill_process_group(self.pid(), rustix::process::Signal::KILL);
            let _ = self.child.kill();
            let _ = self.child.wait();
        }
    }
}

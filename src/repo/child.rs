//! A child process that has a deadline, and that ends with this process.
//!
//! - Its standard input is a pipe that this process holds open. On Linux, the kernel kills the child's
//!   process group when that pipe closes, however this process ends. The signal is SIGKILL, which
//!   nobody can ignore. Naming group and signal takes `fcntl`, which no safe crate offers: it is the
//!   one `unsafe`, and it passes numbers and no memory.
//! - `std` starts it by `posix_spawn`, which copies no page tables, as long as no directory, user
//!   or `pre_exec` is set.
//! - It leads a process group of its own, which is killed before the leader's id is given back. So
//!   what it starts ends with it.

use std::{
    io::{self, PipeReader, PipeWriter, Read},
    process::{Child, Command, ExitStatus, Stdio},
    thread,
    time::{Duration, Instant},
};

use parking_lot::Mutex;

/// Runs `command` to its end and has its output read by `read`: how it ended, and what was read. If it
/// was killed, as when its time was up, the error is [`io::ErrorKind::TimedOut`]. Its output is what it
/// says, or its errors.
pub(crate) fn run<T>(
    command: &mut Command,
    is_errors: bool,
    deadline: Instant,
    read: impl FnOnce(&mut Output<'_>) -> T,
) -> io::Result<(ExitStatus, T)> {
    let (mut running, pipe) = Running::start(command, is_errors)?;
    let read = read(&mut Output::new(&mut running, pipe, deadline)?);
    // By now it has closed its output, or can write no more, and is about to end.
    while !running.has_ended()? {
        if Instant::now() >= deadline {
            return Err(io::ErrorKind::TimedOut.into());
        }
        thread::sleep(Duration::from_micros(100));
    }
    let status = running.end()?;
    #[cfg(unix)]
    if std::os::unix::process::ExitStatusExt::signal(&status) == Some(SIGKILL) {
        return Err(io::ErrorKind::TimedOut.into());
    }
    Ok((status, read))
}

/// What ends it where its time is up, or where the system has no memory left.
#[cfg(unix)]
const SIGKILL: i32 = rustix::process::Signal::KILL.as_raw();

/// What a child writes, until its deadline or its end: a process that it leaves behind may keep the
/// pipe open.
#[cfg(unix)]
pub(crate) struct Output<'a> {
    running: &'a mut Running,
    pipe: PipeReader,
    deadline: Instant,
}

#[cfg(unix)]
impl<'a> Output<'a> {
    #[expect(clippy::unnecessary_wraps, reason = "elsewhere it takes a thread")]
    fn new(running: &'a mut Running, pipe: PipeReader, deadline: Instant) -> io::Result<Self> {
        Ok(Self { running, pipe, deadline })
    }
}

#[cfg(unix)]
impl Read for Output<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        use rustix::event::{PollFd, PollFlags, Timespec, poll};

        /// How soon it is noticed that the child has ended.
        const NOTICED: Duration = Duration::from_millis(20);
        loop {
            let left = self.deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Err(io::ErrorKind::TimedOut.into());
            }
            // Asked before, so that what it wrote last is still read.
            let has_ended = self.running.has_ended()?;
            let wait = if has_ended { Duration::ZERO } else { left.min(NOTICED) };
            let wait = Timespec { tv_sec: 0, tv_nsec: wait.subsec_nanos().into() };
            let ready = poll(&mut [PollFd::new(&self.pipe, PollFlags::IN)], Some(&wait));
            match ready {
                Ok(0) if has_ended => return Ok(0),
                Ok(0) | Err(rustix::io::Errno::INTR) => {}
                Ok(_) => return self.pipe.read(buffer),
                Err(error) => return Err(error.into()),
            }
        }
    }
}

/// The same by a thread that ends with the output, as a pipe and a moment cannot be awaited together.
#[cfg(not(unix))]
pub(crate) struct Output<'a> {
    /// `None` where there was no end of it in time.
    all: Option<io::Cursor<Vec<u8>>>,
    _running: &'a mut Running,
}

#[cfg(not(unix))]
impl<'a> Output<'a> {
    fn new(running: &'a mut Running, pipe: PipeReader, deadline: Instant) -> io::Result<Self> {
        let (sender, receiver) = std::sync::mpsc::channel();
        let thread = thread::Builder::new().name("taas-git-output".to_owned());
        thread.stack_size(128 << 10).spawn(move || {
            let mut all = Vec::new();
            if pipe.take(MOST).read_to_end(&mut all).is_ok() && (all.len() as u64) < MOST {
                let _ = sender.send(io::Cursor::new(all));
            }
        })?;
        let left = deadline.saturating_duration_since(Instant::now());
        Ok(Self { all: receiver.recv_timeout(left).ok(), _running: running })
    }
}

/// The most output that is read there.
#[cfg(not(unix))]
const MOST: u64 = 64 << 20;

#[cfg(not(unix))]
impl Read for Output<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.all.as_mut().ok_or(io::ErrorKind::TimedOut)?.read(buffer)
    }
}

/// A child that is killed and waited for when this is dropped.
pub(crate) struct Running {
    child: Child,
    is_over: bool,
    /// The other end of its standard input. Nobody else has it, so it is closed with this process.
    _leash: PipeWriter,
}

impl Running {
    fn start(command: &mut Command, is_errors: bool) -> io::Result<(Self, PipeReader)> {
        // One at a time, for the sake of the descriptors that starting takes.
        static STARTING: Mutex<()> = Mutex::new(());
        let _one = STARTING.lock();
        let (input, leash) = io::pipe()?;
        let (output, writer) = io::pipe()?;
        command.stdin(input.try_clone()?);
        if is_errors {
            command.stdout(Stdio::null()).stderr(writer);
        } else {
            command.stdout(writer).stderr(Stdio::null());
        }
        #[cfg(unix)]
        std::os::unix::process::CommandExt::process_group(command, 0);
        #[cfg(windows)]
        std::os::windows::process::CommandExt::creation_flags(command, CREATE_NO_WINDOW);
        let child = command.spawn();
        // What the command holds of the pipes is closed.
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let running = Self { child: child?, is_over: false, _leash: leash };
        #[cfg(target_os = "linux")]
        running.tie(&input);
        Ok((running, output))
    }

    /// Has the kernel kill the child's group when the leash is closed, and bounds the memory for its
    /// data, so that a bomb in a repository is the child's problem. A system may forbid either, which
    /// is no reason to do without git.
    #[cfg(target_os = "linux")]
    fn tie(&self, input: &PipeReader) {
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

    /// Whether it has ended. It is not waited for, so that nobody else gets its id.
    fn has_ended(&mut self) -> io::Result<bool> {
        #[cfg(unix)]
        {
            use rustix::process::{WaitId, WaitIdOptions, waitid};
            let options = WaitIdOptions::EXITED | WaitIdOptions::NOWAIT | WaitIdOptions::NOHANG;
            Ok(waitid(WaitId::Pid(self.pid()), options)?.is_some())
        }
        #[cfg(not(unix))]
        Ok(self.child.try_wait()?.is_some())
    }

    /// Kills what is left of its group, and waits for it.
    fn end(&mut self) -> io::Result<ExitStatus> {
        if !self.is_over {
            self.is_over = true;
            #[cfg(unix)]
            let _ = rustix::process::kill_process_group(self.pid(), rustix::process::Signal::KILL);
            let _ = self.child.kill();
        }
        self.child.wait()
    }
}

#[cfg(target_os = "linux")]
const MEMORY: u64 = 512 << 20;

/// `libc` lacks it for musl.
#[cfg(target_os = "linux")]
const F_SETSIG: libc::c_int = 10;

#[cfg(windows)]
const CREATE_NO_WINDOW: u32 = 0x0800_0000;

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.end();
    }
}

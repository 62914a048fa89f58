//! A child process that has a deadline and that nobody waits for in vain.
//!
//! `std` starts it by `posix_spawn`, which copies no page tables, as long as no directory, user or
//! `pre_exec` is set. It leads a process group of its own, so that what it starts ends with it.

use std::{
    io::{self, Read},
    process::{Child, Command, Stdio},
    sync::mpsc,
    thread,
    time::{Duration, Instant},
};

use parking_lot::Mutex;

/// The longest record that a caller is given.
const RECORD: usize = 64 << 10;

/// The most memory that a child may take for its data, so that a bomb in a repository is the
/// child's problem; files that it maps do not count.
#[cfg(target_os = "linux")]
const MEMORY: u64 = 512 << 20;

/// How a child ended.
pub(crate) enum End {
    Success,
    Failure,
    /// It was killed: its time was up, its output too long, or `each` wanted no more.
    Killed,
}

/// Runs `command` and hands each record of its output, without the `separator` that ends it, to
/// `each`, until that returns `false`.
pub(crate) fn run(
    command: &mut Command,
    deadline: Instant,
    separator: u8,
    mut each: impl FnMut(&[u8]) -> bool,
) -> io::Result<End> {
    let mut running = Running::start(command)?;
    let chunks = running.output()?;
    let mut record = Vec::new();
    loop {
        match chunks.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
            Ok(chunk) => {
                for part in chunk.split_inclusive(|&byte| byte == separator) {
                    let (end, rest) = match part.split_last() {
                        Some((&last, rest)) if last == separator => (true, rest),
                        _ => (false, part),
                    };
                    record.extend_from_slice(rest);
                    if record.len() > RECORD || end && !each(&record) {
                        return Ok(End::Killed);
                    }
                    if end {
                        record.clear();
                    }
                }
            }
            Err(mpsc::RecvTimeoutError::Disconnected) => break,
            Err(mpsc::RecvTimeoutError::Timeout) => return Ok(End::Killed),
        }
    }
    if !record.is_empty() && !each(&record) {
        return Ok(End::Killed);
    }
    running.end(deadline)
}

/// A child that is killed and waited for when this is dropped.
struct Running {
    child: Child,
    #[cfg(target_os = "linux")]
    _leash: io::PipeWriter,
}

impl Running {
    fn start(command: &mut Command) -> io::Result<Self> {
        // One at a time, for the sake of the descriptors that starting takes.
        static STARTING: Mutex<()> = Mutex::new(());
        let _one = STARTING.lock();
        command.stdout(Stdio::piped()).stderr(Stdio::null());
        #[cfg(unix)]
        std::os::unix::process::CommandExt::process_group(command, 0);
        #[cfg(windows)]
        {
            const CREATE_NO_WINDOW: u32 = 0x0800_0000;
            std::os::windows::process::CommandExt::creation_flags(command, CREATE_NO_WINDOW);
        }
        #[cfg(target_os = "linux")]
        {
            let (end, leash) = io::pipe()?;
            let child = command.stdin(end.try_clone()?).spawn();
            // What the command holds of the pipe is closed.
            command.stdin(Stdio::null());
            let running = Self {
                child: child?,
                _leash: leash,
            };
            running.tie(&end)?;
            Ok(running)
        }
        #[cfg(not(target_os = "linux"))]
        Ok(Self {
            child: command.stdin(Stdio::null()).spawn()?,
        })
    }

    /// Lets the kernel end the child's group with this process, however that ends: the child's
    /// standard input is a pipe whose other end nobody else holds, and when that is closed, a
    /// signal goes to the group.
    #[cfg(target_os = "linux")]
    fn tie(&self, end: &io::PipeReader) -> io::Result<()> {
        use std::os::fd::AsRawFd;

        use rustix::process::{Resource, Rlimit, prlimit};

        let memory = Rlimit {
            current: Some(MEMORY),
            maximum: Some(MEMORY),
        };
        let _ = prlimit(Some(self.pid()), Resource::Data, memory);
        let group = -self.pid().as_raw_pid();
        #[expect(unsafe_code, reason = "rustix has no F_SETOWN; no memory is passed")]
        let owned = unsafe { libc::fcntl(end.as_raw_fd(), libc::F_SETOWN, group) };
        if owned != 0 {
            return Err(io::Error::last_os_error());
        }
        let flags = rustix::fs::OFlags::from_bits_retain(libc::O_ASYNC.cast_unsigned());
        Ok(rustix::fs::fcntl_setfl(end, flags)?)
    }

    #[cfg(unix)]
    fn pid(&self) -> rustix::process::Pid {
        rustix::process::Pid::from_child(&self.child)
    }

    /// The child's output, read by a thread that ends with it: no platform but Unix can wait for a
    /// pipe and for a moment together.
    fn output(&mut self) -> io::Result<mpsc::Receiver<Vec<u8>>> {
        let mut output = self.child.stdout.take().ok_or(io::ErrorKind::BrokenPipe)?;
        let (chunks, received) = mpsc::sync_channel(1);
        let read = move || {
            let mut buffer = [0; 16 << 10];
            loop {
                match output.read(&mut buffer) {
                    Ok(length @ 1..) if chunks.send(buffer[..length].to_vec()).is_ok() => {}
                    Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                    _ => return,
                }
            }
        };
        thread::Builder::new()
            .name("taas-git-output".to_owned())
            .stack_size(128 << 10)
            .spawn(read)?;
        Ok(received)
    }

    /// Waits for a child that has closed its output, which is about to end.
    fn end(mut self, deadline: Instant) -> io::Result<End> {
        loop {
            match self.child.try_wait()? {
                Some(status) if status.success() => return Ok(End::Success),
                Some(_) => return Ok(End::Failure),
                None if Instant::now() >= deadline => return Ok(End::Killed),
                None => thread::sleep(Duration::from_micros(100)),
            }
        }
    }
}

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

/** What the operating system refused, as sentences: why, then what to do. `subject` is the file, folder or address it was about. */
export interface SystemRefusal {
  readonly why: string;
  readonly fix: string;
}

const chooseOther = "Choose another with --data, or free some room on this one.";

const refusals: Readonly<Record<string, (subject: string) => SystemRefusal>> = {
  EACCES: (subject) => ({ why: `This account may not use ${subject}.`, fix: "Change its owner or mode, or choose another." }),
  EPERM: (subject) => ({ why: `The system does not permit this on ${subject}.`, fix: "Change its owner or mode, or choose another." }),
  EROFS: (subject) => ({ why: `${subject} lies on a disk that is mounted read-only.`, fix: "Choose another place, or mount it for writing." }),
  ENOSPC: (subject) => ({ why: `The disk of ${subject} is full.`, fix: chooseOther }),
  EDQUOT: (subject) => ({ why: `The quota of this account on the disk of ${subject} is used up.`, fix: chooseOther }),
  EFBIG: (subject) => ({ why: `A file on the disk of ${subject} would become larger than it allows.`, fix: chooseOther }),
  ENOENT: (subject) => ({ why: `${subject} does not exist, or the folder that it should be in.`, fix: "Check the path." }),
  ENOTDIR: (subject) => ({ why: `A part of the path ${subject} is a file, not a folder.`, fix: "Check the path." }),
  EISDIR: (subject) => ({ why: `${subject} is a folder, not a file.`, fix: "Name a file." }),
  EEXIST: (subject) => ({ why: `${subject} is there already, as something else than is needed.`, fix: "Move it away, or choose another." }),
  ENOTEMPTY: (subject) => ({ why: `The folder ${subject} is not empty.`, fix: "Choose another." }),
  ENAMETOOLONG: (subject) => ({ why: `The path ${subject.slice(0, 80)}… is longer than the system allows.`, fix: "Choose a shorter one." }),
  ELOOP: (subject) => ({ why: `The links on the way to ${subject} lead in a circle.`, fix: "Check them, or choose another." }),
  EXDEV: (subject) => ({ why: `${subject} lies on another disk than it has to.`, fix: "Choose a place on the same disk." }),
  ETXTBSY: (subject) => ({ why: `${subject} is a program that is running.`, fix: "Choose another file." }),
  EIO: (subject) => ({ why: `The disk of ${subject} failed while it was read or written.`, fix: "Check the disk, or choose another place." }),
  ESTALE: (subject) => ({ why: `The network volume of ${subject} has gone.`, fix: "Mount it again, then try again." }),
  ENODEV: (subject) => ({ why: `The device of ${subject} has gone.`, fix: "Connect it again, then try again." }),
  EMFILE: () => ({ why: "Too many files and connections are open at once for this program.", fix: "Close some connections, or raise the limit (ulimit -n 4096)." }),
  ENFILE: () => ({ why: "Too many files are open on this machine.", fix: "End some programs, then try again." }),
  ENOMEM: () => ({ why: "The machine has no memory left for this.", fix: "End some programs, then try again." }),
  EAGAIN: () => ({ why: "The machine lets this account start no further program now.", fix: "End some programs, or raise the limit (ulimit -u), then try again." }),
  EADDRINUSE: (subject) => ({ why: `The address ${subject} is used by another program.`, fix: "Choose another port with --port." }),
  EADDRNOTAVAIL: (subject) => ({ why: `This machine has no address ${subject}.`, fix: "Use --host 127.0.0.1, or an address that `ip addr` shows." }),
  EINVAL: (subject) => ({ why: `The system cannot use ${subject} in this way.`, fix: "Check the value." }),
  ENOTFOUND: (subject) => ({ why: `The name ${subject} is not known on this network.`, fix: "Check the spelling, or use an IP address." }),
  EAI_AGAIN: (subject) => ({ why: `The name ${subject} could not be looked up.`, fix: "Check the network, or use an IP address." }),
  ECONNREFUSED: (subject) => ({ why: `Nothing answers at ${subject}.`, fix: "Start it, or check the address." }),
  ECONNRESET: (subject) => ({ why: `The connection to ${subject} was cut.`, fix: "Try again." }),
  ETIMEDOUT: (subject) => ({ why: `${subject} did not answer in time.`, fix: "Try again later." }),
};

/** What `fetch` calls the same. */
const namesOfFetch: Readonly<Record<string, string>> = {
  ConnectionRefused: "ECONNREFUSED", ConnectionClosed: "ECONNRESET", TimeoutError: "ETIMEDOUT", FailedToOpenSocket: "ENOTFOUND",
};

/** Null for what is no refusal of the operating system. */
export function explainSystemError(error: unknown, subject: string): SystemRefusal | null {
  if (!(error instanceof Error)) return null;
  const code = "code" in error && typeof error.code === "string" ? error.code : error.name;
  const known = refusals[namesOfFetch[code] ?? code];
  return known === undefined ? null : known(subject);
}

import { readFileSync } from "node:fs";

/** Clock ticks in a second as the kernel reports times to processes (USER_HZ), the same on every Linux. */
const TICKS_PER_SECOND = 100;
/** Places of utime and stime in /proc/PID/stat behind the command, which may itself hold blanks (proc(5)). */
const UTIME = 11;
const STIME = 12;

/** Milliseconds of CPU, user and system, that all threads of a process have used so far, by the kernel's account. */
export function readCpuMs(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, "latin1");
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return ((Number(fields[UTIME]) + Number(fields[STIME])) * 1000) / TICKS_PER_SECOND;
}

/** Memory of a process in MiB: resident now, and the most that was ever resident. */
export function readMemoryMiB(pid: number): { readonly resident: number; readonly peak: number } {
  const status = readFileSync(`/proc/${pid}/status`, "latin1");
  return { resident: readKiB(status, "VmRSS") / 1024, peak: readKiB(status, "VmHWM") / 1024 };
}

function readKiB(status: string, name: string): number {
  const line = status.split("\n").find((candidate) => candidate.startsWith(`${name}:`));
  return Number.parseInt(line?.slice(name.length + 1).trim() ?? "", 10);
}

/** Which runtime process belongs to whom, and how much processor time it has used. Linux only: it reads /proc. */
import { readdirSync, readFileSync } from 'node:fs';

/** Linux counts processor time for user space in hundredths of a second, on every architecture. */
const TICKS_PER_SECOND = 100;

/** The workerd processes that this process has started. */
export function runtimeProcesses(): number[] {
  if (process.platform !== 'linux') return [];
  return readdirSync('/proc')
    .filter((entry) => /^\d+$/.test(entry))
    .map(Number)
    .filter((pid) => {
      const status = read(pid);
      return status?.name === 'workerd' && status.parent === process.pid;
    });
}

/** User and system seconds of a process; NaN if unknown. */
export function cpuSeconds(pid: number | undefined): number {
  return (pid === undefined ? undefined : read(pid)?.cpuSeconds) ?? Number.NaN;
}

function read(pid: number): { name: string; parent: number; cpuSeconds: number } | undefined {
  let stat: string;
  try {
    stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  } catch {
    return undefined;
  }
  // proc(5): pid (name) state ppid … utime stime …; the name may hold spaces and parentheses.
  const nameEnd = stat.lastIndexOf(')');
  const fields = stat.slice(nameEnd + 2).split(' ');
  return {
    name: stat.slice(stat.indexOf('(') + 1, nameEnd),
    parent: Number(fields[1]),
    cpuSeconds: (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND,
  };
}

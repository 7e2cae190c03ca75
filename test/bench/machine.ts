import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';

/** Linux counts CPU time in hundredths of a second, whatever the kernel's own tick is. */
const tickUs = 10_000;

/** CPU time that a process has used so far, user and system, in microseconds. */
export function cpuUs(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) * tickUs;
}

/** CPU time that everything on this machine has used so far, a hypervisor's share included. */
export function machineCpuUs(): number {
  const [line = ''] = readFileSync('/proc/stat', 'utf8').split('\n');
  const [user = 0, nice = 0, system = 0, , , irq = 0, softirq = 0, steal = 0] = line
    .trim()
    .split(/\s+/)
    .slice(1)
    .map(Number);
  return (user + nice + system + irq + softirq + steal) * tickUs;
}

/** Keeps a process on one CPU, where the machine has two and `taskset` is there. */
export function pin(pid: number, cpu: number): 'pinned' | 'free' {
  if (availableParallelism() < 2) return 'free';
  return spawnSync('taskset', ['-a', '-p', '-c', String(cpu), String(pid)]).status === 0 ? 'pinned' : 'free';
}

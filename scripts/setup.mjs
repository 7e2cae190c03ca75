// Prepares a checkout, then runs the command after `--` with this project's own Node first on the PATH:
//   node scripts/setup.mjs [--packages | --programs NAME…] [-- COMMAND [ARGUMENT…]]
// --packages leaves dist/ as it is: for what looks at the sources, and may find them wrong.
// Plain JavaScript without packages, for Node 20: it runs before anything is installed.
import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { accessSync, constants, existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const modules = join(root, 'node_modules');
const bin = join(modules, '.bin');
/** @type {NodeJS.ProcessEnv} */
const env = { ...process.env, PATH: `${bin}${delimiter}${process.env['PATH'] ?? ''}` };
const aptPackages = {
  chromium: 'chromium',
  haproxy: 'haproxy',
  nginx: 'nginx',
  'redis-server': 'redis-server',
  openssl: 'openssl',
};

const { programs, command, packagesOnly } = readArguments(process.argv.slice(2));
installPackages();
installPrograms(programs.filter((name) => !find(name)));
if (!packagesOnly) build();
if (command.length > 0) run(command);

/** @param {string[]} words */
function readArguments(words) {
  const split = words.indexOf('--');
  const own = split < 0 ? words : words.slice(0, split);
  return {
    packagesOnly: own[0] === '--packages',
    programs: own[0] === '--programs' ? own.slice(1) : [],
    command: split < 0 ? [] : words.slice(split + 1),
  };
}

function installPackages() {
  const stamp = join(modules, '.limpet-stamp');
  const wanted = digest(['package-lock.json'], `${process.platform} ${process.arch}`);
  if (read(stamp) !== wanted) {
    console.error('installing packages (npm ci)');
    must('npm', ['ci', '--include=dev', '--no-audit', '--no-fund', '--loglevel=error']);
    writeFileSync(stamp, wanted);
  }
  const own = Number(process.versions.node.split('.')[0]) >= 22 || existsSync(join(bin, 'node'));
  if (!own)
    stop(
      'the package "node" did not install its program: run `npm rebuild node`, or use Node 22.12 or newer',
    );
}

// tsc --build looks at every file by itself; the stamp saves starting it at all.
function build() {
  const stamp = join(root, 'dist', '.limpet-stamp');
  const sources = ['worker', 'durable-objects', 'sdk', 'cli']
    .flatMap(filesBelow)
    .filter((file) => file.endsWith('.ts'));
  const settings = ['base', 'build', 'worker', 'sdk', 'cli'].map((name) => `tsconfig.${name}.json`);
  const wanted = digest([...sources, ...settings, 'package-lock.json'], '');
  if (read(stamp) === wanted) return;
  must('tsc', ['--build', 'tsconfig.build.json']);
  writeFileSync(stamp, wanted);
}

// Only where it needs no question: root on Debian. A machine that could not install a program is not asked again and again.
/** @param {string[]} missing */
function installPrograms(missing) {
  const debian = process.getuid?.() === 0 && existsSync('/etc/debian_version');
  const wanted = missing.filter((name) => debian && (env['CI'] || !existsSync(failureOf(name))));
  if (wanted.length === 0) return;
  console.error(`installing ${wanted.join(', ')} (apt-get)`);
  apt(['update']);
  withoutServices(() => wanted.forEach(installProgram));
}

/** @param {string} name */
function installProgram(name) {
  const packageName = Object.entries(aptPackages).find(([program]) => program === name)?.[1];
  if (packageName && apt(['install', '-y', '--no-install-recommends', packageName])) {
    // Where systemd is, it would be started with the machine.
    if (existsSync('/run/systemd/system'))
      spawnSync('systemctl', ['disable', '--quiet', packageName], { stdio: 'ignore' });
    return;
  }
  writeFileSync(failureOf(name), '');
  console.error(`could not install ${name}: what needs it will not run`);
}

/** @param {string} name */
function failureOf(name) {
  return join(modules, `.limpet-no-${name}`);
}

// Debian starts what it installs. The tests want programs, not servers on ports that may be somebody's.
/** @param {() => void} install */
function withoutServices(install) {
  const policy = '/usr/sbin/policy-rc.d';
  if (existsSync(policy)) return install();
  writeFileSync(policy, '#!/bin/sh\nexit 101\n', { mode: 0o755 });
  try {
    install();
  } finally {
    rmSync(policy);
  }
}

/** @param {string[]} words */
function apt(words) {
  const settings = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  return (
    spawnSync('apt-get', ['-qq', '-o', 'DPkg::Lock::Timeout=120', ...words], {
      stdio: ['ignore', 'ignore', 'inherit'],
      env: settings,
    }).status === 0
  );
}

// A terminal sends Ctrl-C to the whole process group, so the command has it already: passing it on would be a second one.
/** @param {string[]} words */
function run([name = '', ...words]) {
  const child = spawn(name, words, { stdio: 'inherit', env });
  for (const signal of /** @type {const} */ (['SIGINT', 'SIGTERM', 'SIGHUP'])) {
    process.on(signal, () => (signal === 'SIGINT' && process.stdin.isTTY ? undefined : child.kill(signal)));
  }
  // npm puts a shell between itself and us, and a shell that is ended tells nobody.
  const parent = process.ppid;
  setInterval(() => process.ppid !== parent && child.kill('SIGTERM'), 250).unref();
  child.on('error', (error) => stop(`cannot run ${name}: ${error.message}`));
  child.on('exit', (code, signal) => process.exit(code ?? (signal === 'SIGINT' ? 130 : 143)));
}

/** @param {string} name @param {string[]} words */
function must(name, words) {
  const { status, error } = spawnSync(name, words, { cwd: root, env, stdio: ['ignore', 2, 2] });
  if (status !== 0) stop(`${name} ${words[0]} failed${error ? `: ${error.message}` : ''}`);
}

/** @param {string} name */
function find(name) {
  return (env['PATH'] ?? '').split(delimiter).some((folder) => executable(join(folder, name)));
}

/** @param {string} file */
function executable(file) {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** @param {string[]} files @param {string} seed */
function digest(files, seed) {
  const hash = createHash('sha256').update(seed);
  for (const file of files) hash.update(`${file}\n`).update(readFileSync(join(root, file)));
  return hash.digest('hex');
}

/** @param {string} folder @returns {string[]} */
function filesBelow(folder) {
  if (!existsSync(join(root, folder))) return [];
  const entries = readdirSync(join(root, folder), { withFileTypes: true });
  return entries.flatMap((entry) =>
    entry.isDirectory() ? filesBelow(`${folder}/${entry.name}`) : [`${folder}/${entry.name}`],
  );
}

/** @param {string} file */
function read(file) {
  return existsSync(file) ? readFileSync(file, 'utf8') : '';
}

/** @param {string} reason @returns {never} */
function stop(reason) {
  console.error(`setup: ${reason}`);
  process.exit(1);
}

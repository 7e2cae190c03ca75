import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

export interface Certificates {
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
}

/** An authority of the test's own, and a certificate for this machine that it has signed. */
export function makeCertificates(openssl: string, folder: string): Certificates {
  const at = (name: string) => join(folder, name);
  const run = (...words: string[]) => void execFileSync(openssl, words, { cwd: folder, stdio: 'ignore' });
  const newKey = ['-newkey', 'rsa:2048', '-nodes'];
  run(
    'req',
    '-x509',
    ...newKey,
    '-keyout',
    'ca.key',
    '-out',
    'ca.crt',
    '-days',
    '2',
    '-subj',
    '/CN=a test authority',
  );
  run('req', ...newKey, '-keyout', 'own.key', '-out', 'own.csr', '-subj', '/CN=localhost');
  writeFileSync(at('names'), 'subjectAltName=DNS:localhost,IP:127.0.0.1\n');
  const signed = ['-CA', 'ca.crt', '-CAkey', 'ca.key', '-CAcreateserial', '-extfile', 'names'];
  run('x509', '-req', '-in', 'own.csr', ...signed, '-out', 'own.crt', '-days', '2');
  return { ca: at('ca.crt'), cert: at('own.crt'), key: at('own.key') };
}

import { type FSWatcher, watch } from 'node:fs';
import { dirname, resolve } from 'node:path';

// Editors write a file in several steps; this long after the last one it is whole.
const settleMs = 80;

/** Calls `changed` when one of the files was written. Returns what ends the watch. */
export function watchFiles(files: readonly string[], changed: () => void): () => void {
  let timer: NodeJS.Timeout | undefined;
  const settle = () => {
    clearTimeout(timer);
    timer = setTimeout(changed, settleMs);
  };
  const watchers = [...new Set(files.map((file) => dirname(file)))].map((folder) =>
    watchFolder(folder, files, settle),
  );
  return () => {
    clearTimeout(timer);
    for (const watcher of watchers) watcher.close();
  };
}

// The folder and not the file: many editors replace a file, and a watch would stay with the old one.
function watchFolder(folder: string, files: readonly string[], changed: () => void): FSWatcher {
  return watch(folder, (_event, name) => {
    if (name !== null && files.includes(resolve(folder, name))) changed();
  });
}

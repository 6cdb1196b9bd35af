/** Tells builds of the Worker apart, so that `npm run doctor` can compare a deployed Worker with this checkout. */
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** What a Worker is built from: files, and folders with all that they contain. */
const SOURCES = ['src', 'package-lock.json'];

/**
 * A hash of the sources, of 16 hexadecimal digits. Line ends do not count, since git may write others on Windows.
 *
 * @param root the folder of the project.
 */
export function buildIdOf(root: string): string {
  const hash = createHash('sha256');
  for (const path of SOURCES.flatMap((source) => filesIn(root, source)).sort()) {
    hash.update(`${path}\n${readFileSync(join(root, path), 'utf8').replaceAll('\r\n', '\n')}\0`);
  }
  return hash.digest('hex').slice(0, 16);
}

/** The paths of files, with slashes on every system. */
function filesIn(root: string, source: string): string[] {
  if (!existsSync(join(root, source))) return [];
  if (source.endsWith('.json')) return [source];
  return readdirSync(join(root, source), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(root.length).replaceAll('\\', '/'))
    .map((path) => path.replace(/^\/+/, ''));
}

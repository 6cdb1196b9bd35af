/** The parts of the built Worker: what the runtime evaluates together, when it is first asked for. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import type { Metafile } from 'esbuild';
import { ROOT } from './wrangler.ts';

export interface Part {
  /** The file that begins it, as `src/index.ts` or `src/api/api.ts`. */
  readonly entry: string;
  /** All files of `src` and of packages that are evaluated with it. */
  readonly sources: readonly string[];
  /** The built modules that it is made of, some of them shared with other parts. */
  readonly modules: readonly string[];
}

/** The parts of the Worker that `npm run build` has built, by their entries. */
export function builtParts(): Part[] {
  const { outputs } = JSON.parse(readFileSync(join(ROOT, 'dist/modules.json'), 'utf8')) as Metafile;
  const parts = Object.entries(outputs).flatMap(([path, { entryPoint }]) => {
    if (entryPoint === undefined) return [];
    const modules = reached(path, outputs);
    const sources = modules.flatMap((module) => Object.keys(outputs[module]?.inputs ?? {}));
    return [{ entry: entryPoint, sources: sources.toSorted(), modules }];
  });
  return parts.toSorted((a, b) => (a.entry < b.entry ? -1 : 1));
}

/** Bytes of a part, each of its modules gzipped by itself. */
export function sizeOf({ modules }: Pick<Part, 'modules'>): number {
  return modules.reduce((sum, module) => sum + gzippedSize(join(ROOT, module)), 0);
}

/** Bytes of a file after gzip -9. */
export function gzippedSize(path: string): number {
  return gzipSync(readFileSync(path), { level: 9 }).length;
}

/** A module and all that it imports, but for what it imports when needed. */
function reached(path: string, outputs: Metafile['outputs'], seen: string[] = []): string[] {
  if (seen.includes(path)) return seen;
  seen.push(path);
  for (const { kind, external, path: imported } of outputs[path]?.imports ?? []) {
    if (kind === 'import-statement' && !external) reached(imported, outputs, seen);
  }
  return seen;
}

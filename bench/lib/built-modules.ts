/** The modules of a built Worker, in Miniflare's words. */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';

export interface BuiltModule {
  readonly type: 'ESModule' | 'Text';
  readonly path: string;
}

const TYPES = { '.mjs': 'ESModule', '.txt': 'Text' } as const;
const ENTRY = 'index.mjs';

/** The modules in a folder that scripts/build-worker.ts has filled, the entry first. */
export function builtModules(folder: string): BuiltModule[] {
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((file) => file !== ENTRY);
  return [ENTRY, ...files].flatMap((file) => {
    const type = TYPES[file.slice(-4) as keyof typeof TYPES];
    return type ? [{ type, path: join(folder, file) }] : [];
  });
}

/** A Speck whose clock is set by the test, for behavior that depends on the time of day. Everything else is the built Worker. */
import { cpSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ROOT, type Speck, startSpeck } from './harness.ts';

export interface ClockedSpeck extends Speck {
  /** Sets the Worker's clock, which goes on from there. */
  setClock(to: string): Promise<void>;
}

/** Evaluated before the Worker's own modules. */
const CLOCK = `
const RealDate = Date;
let offset = 0;
globalThis.Date = class Date extends RealDate {
  constructor(...args) {
    if (args.length === 0) super(RealDate.now() + offset);
    else super(...args);
  }
  static now() {
    return RealDate.now() + offset;
  }
};
export const setClock = (to) => { offset = to - RealDate.now(); };
`;

const ENTRY = `
import { setClock } from './clock.mjs';
import speck from './speck.mjs';
export default {
  ...speck,
  async fetch(request, env, context) {
    if (new URL(request.url).pathname !== '/test/clock') return speck.fetch(request, env, context);
    setClock(Number(await request.text()));
    return new Response(null, { status: 204 });
  },
};
`;

export async function startClockedSpeck(): Promise<ClockedSpeck> {
  const directory = mkdtempSync(join(tmpdir(), 'speck-clocked-'));
  cpSync(join(ROOT, 'dist/modules'), directory, { recursive: true });
  renameSync(join(directory, 'index.mjs'), join(directory, 'speck.mjs'));
  writeFileSync(join(directory, 'clock.mjs'), CLOCK);
  writeFileSync(join(directory, 'index.mjs'), ENTRY);
  const speck = await startSpeck({ modules: directory });
  return {
    ...speck,
    async setClock(to) {
      const response = await fetch(`${speck.url}/test/clock`, {
        method: 'POST',
        body: String(Date.parse(to)),
      });
      if (response.status !== 204) throw new Error(`the clock was not set: ${response.status}`);
    },
    async close() {
      await speck.close();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

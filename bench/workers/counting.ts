/**
 * Stands before Speck and counts the points that it writes, since the local Analytics Engine does nothing with them. Nothing of it runs
 * before an answer, but for one more call.
 */
// @ts-expect-error: the built Worker, beside which the bench puts this module.
import speck from './index.mjs';

interface Bindings {
  readonly DB: { prepare(sql: string): { bind(value: number): { run(): Promise<unknown> } } };
}

let points = 0;
const ANALYTICS = {
  writeDataPoint({ doubles }: { doubles: readonly number[] }) {
    if (doubles[2] === 2) points++;
  },
};
let bindings: object | undefined;

export default {
  fetch(request: Request, env: Bindings, context: unknown) {
    bindings ??= { ...env, ANALYTICS };
    return speck.fetch(request, bindings, context);
  },
  async scheduled(_: unknown, { DB }: Bindings) {
    await DB.prepare('INSERT INTO counted VALUES (?)').bind(points).run();
  },
};

/** Gzipped files in a browser: whole, joined, cut off and damaged. */
import { gzipSync } from 'fflate';
import { describe, expect, it } from 'vitest';
import { openFile } from '../../src/imports/file.ts';

const encoder = new TextEncoder();
const lines = (count: number, name: string) =>
  Array.from({ length: count }, (_, n) => `${name} ${n} ${(n * 7919) % 10007}\n`).join('');
const pack = (text: string): Uint8Array<ArrayBuffer> => new Uint8Array(gzipSync(encoder.encode(text)));

async function read(...parts: readonly Uint8Array<ArrayBuffer>[]): Promise<string> {
  const { blob } = await openFile({ name: 'access.log.gz', blob: new Blob([...parts]) });
  return new Response(blob.stream()).text();
}

describe('a gzipped file', () => {
  it('is unpacked, and loses the end of its name', async () => {
    const text = lines(20_000, 'a');
    const { name, blob } = await openFile({ name: 'access.log.gz', blob: new Blob([pack(text)]) });
    expect(name).toBe('access.log');
    expect(await blob.text()).toBe(text);
    expect(await blob.slice(2, 12).text()).toBe(text.slice(2, 12));
  });

  it('may be joined from several, of which some are empty', async () => {
    const [one, two] = [lines(30_000, 'one'), lines(3, 'two')];
    expect(await read(pack(one), pack(''), pack(two), pack(one))).toBe(one + two + one);
  });

  it('that is cut off is an error, wherever it is cut', async () => {
    const whole = pack(lines(2000, 'a'));
    for (const length of [3, 12, 100, whole.length >> 1, whole.length - 9]) {
      await expect(read(whole.slice(0, length)), String(length)).rejects.toThrow();
    }
    await expect(read(whole, whole.slice(0, 200))).rejects.toThrow();
  });

  it('that is damaged is an error', async () => {
    const whole = pack(lines(2000, 'a'));
    await expect(read(whole.slice().fill(0xff, 40, 60))).rejects.toThrow();
  });

  it('is any file that begins so, and no other', async () => {
    const text = await openFile({ name: 'export.csv.gz', blob: new Blob(['a,b\n']) });
    expect([text.name, await text.blob.text()]).toEqual(['export.csv.gz', 'a,b\n']);
  });
});

/** Reading bodies within bounds. */
import { describe, expect, it, vi } from 'vitest';
import { discardBody, readBody, readBytes } from '../../src/http/body.ts';

const LIMIT = 1000;

async function gzip(text: string): Promise<Uint8Array> {
  const stream = new Blob([text]).stream().pipeThrough(new CompressionStream('gzip'));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

const request = (body: BodyInit | null, encoding?: string) =>
  new Request('https://px.example.com/beacon', {
    method: 'POST',
    body,
    ...(encoding === undefined ? {} : { headers: { 'content-encoding': encoding } }),
  });
const read = (body: BodyInit | null, encoding?: string) => readBody(request(body, encoding), LIMIT);
const error = (reason: string) => ({ ok: false, error: reason });

/** A body that comes in parts, and tells how much of it was taken. */
function parts(list: readonly (string | Error)[]) {
  let taken = 0;
  let isCanceled = false;
  const stream = new ReadableStream<Uint8Array>(
    {
      pull(controller) {
        const part = list[taken++];
        if (part === undefined) controller.close();
        else if (typeof part === 'string') controller.enqueue(new TextEncoder().encode(part));
        else controller.error(part);
      },
      cancel() {
        isCanceled = true;
      },
    },
    { highWaterMark: 0 },
  );
  return { stream, taken: () => taken, isCanceled: () => isCanceled };
}

describe('a body', () => {
  it.each([null, '', 'text', 'Größe 😀'])('%j is read as it is', async (text) => {
    expect(await read(text)).toEqual({ ok: true, value: text ?? '' });
    expect(await read(text, ' Identity ')).toEqual({ ok: true, value: text ?? '' });
  });

  it('is read completely from chunks, even if they split a character', async () => {
    const [start, end] = [new Uint8Array([0x47, 0x72, 0xc3]), new Uint8Array([0xb6, 0xc3, 0x9f, 0x65])];
    const stream = new ReadableStream<Uint8Array>({
      start(controller) {
        for (const part of [start, end]) controller.enqueue(part);
        controller.close();
      },
    });
    expect(await read(stream)).toEqual({ ok: true, value: 'Größe' });
  });

  it('is decompressed if its encoding is gzip', async () => {
    expect(await read(await gzip('Größe'), 'GZIP')).toEqual({ ok: true, value: 'Größe' });
  });

  it('is limited to the exact number of bytes, compressed and decompressed', async () => {
    expect(await read('x'.repeat(LIMIT))).toEqual({ ok: true, value: 'x'.repeat(LIMIT) });
    expect(await read('x'.repeat(LIMIT + 1))).toEqual(error('body_too_large'));
    expect(await read('ü'.repeat(LIMIT / 2 + 1))).toEqual(error('body_too_large'));
    expect(await read(await gzip('x'.repeat(LIMIT)), 'gzip')).toMatchObject({ ok: true });
    expect(await read(await gzip('x'.repeat(LIMIT + 1)), 'gzip')).toEqual(error('body_too_large'));
    expect(await read(new Uint8Array(LIMIT + 1), 'gzip')).toEqual(error('body_too_large'));
  });

  it('is decompressed in portions', async () => {
    const random = Array.from(crypto.getRandomValues(new Uint8Array(50_000)), (byte) =>
      String.fromCharCode(97 + (byte % 26)),
    ).join('');
    const zipped = await gzip(random);
    expect(zipped.length).toBeGreaterThan(20_000);
    expect(await readBody(request(zipped, 'gzip'), 50_000)).toEqual({ ok: true, value: random });
    expect(await readBody(request(zipped, 'gzip'), 49_999)).toEqual(error('body_too_large'));
    expect(await read(await gzip(''), 'gzip')).toEqual({ ok: true, value: '' });
  });

  it('that would grow a thousandfold is rejected before it is fully decompressed', async () => {
    const zipped = await gzip('x'.repeat(50_000_000));
    const write = vi.spyOn(WritableStreamDefaultWriter.prototype, 'write');
    expect(await readBody(request(zipped, 'gzip'), 64 * 1024)).toEqual(error('body_too_large'));
    const written = write.mock.calls.map(([portion]) => (portion as Uint8Array).length);
    write.mockRestore();
    expect(written.length).toBeGreaterThan(0);
    // Of 48 kB; a kilobyte becomes a megabyte.
    expect(written.reduce((sum, one) => sum + one, 0)).toBeLessThanOrEqual(4 * 4096);
    expect(Math.max(...written)).toBeLessThanOrEqual(4096);
  });

  it.each(['gzip', 'deflate'] as const)(
    'is unpacked from %s by its bytes, whatever its encoding is said to be',
    async (packing) => {
      const stream = new Blob(['{"größe":1}']).stream().pipeThrough(new CompressionStream(packing));
      const packed = new Uint8Array(await new Response(stream).arrayBuffer());
      for (const claim of [undefined, 'identity', 'gzip', 'deflate']) {
        expect(await read(packed, claim)).toEqual({ ok: true, value: '{"größe":1}' });
        expect(await read('x=%C3%B6', claim)).toEqual({ ok: true, value: 'x=%C3%B6' });
      }
      expect(await read(packed, 'br')).toEqual(error('unsupported_encoding'));
      expect(await read(packed.slice(0, -4))).toEqual(error('broken_encoding'));
      expect(await read(packed.fill(7, 2))).toEqual(error('broken_encoding'));
    },
  );

  it('is unpacked once: what is packed twice stays packed', async () => {
    const packed = await gzip('text');
    const stream = new Blob([packed]).stream().pipeThrough(new CompressionStream('gzip'));
    const twice = new Uint8Array(await new Response(stream).arrayBuffer());
    expect(await readBytes(request(twice), 1000)).toEqual({ ok: true, value: packed });
  });

  it('that breaks off is reported', async () => {
    const { stream } = parts(['text', new Error('gone')]);
    expect(await read(stream)).toEqual(error('broken_body'));
  });

  it('with another encoding is rejected after it has been read', async () => {
    const { stream, taken } = parts(['a', 'b']);
    expect(await read(stream, 'br')).toEqual(error('unsupported_encoding'));
    expect(taken()).toBe(3);
  });

  it('that is too large is read for a while and then canceled', async () => {
    const megabyte = 'x'.repeat(1024 * 1024);
    const some = parts(Array.from({ length: 8 }, () => megabyte));
    expect(await read(some.stream)).toEqual(error('body_too_large'));
    expect([some.taken(), some.isCanceled()]).toEqual([9, false]);
    const endless = parts(Array.from({ length: 20 }, () => megabyte));
    expect(await read(endless.stream)).toEqual(error('body_too_large'));
    expect([endless.taken(), endless.isCanceled()]).toEqual([9, true]);
  });
});

describe('an unused body', () => {
  it('is read to its end unless already consumed', async () => {
    const { stream, taken } = parts(['a', 'b']);
    await discardBody(request(stream));
    expect(taken()).toBe(3);
    const used = request('text');
    await used.text();
    await discardBody(used);
    await discardBody(new Request('https://px.example.com/'));
  });
});

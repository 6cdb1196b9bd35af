/** Reads a stream of text line by line, so that only the lines are ever in memory, not the text. */

/**
 * The lines of a body, without empty ones.
 * @throws RangeError if the body has more bytes than `most`. It is cancelled then.
 */
export async function* linesOf(
  body: ReadableStream<Uint8Array> | null,
  most: number,
): AsyncGenerator<string> {
  if (body === null) return;
  const decoder = new TextDecoder();
  let bytes = 0;
  let rest = '';
  // Leaving the loop cancels the body.
  for await (const chunk of body) {
    bytes += chunk.byteLength;
    if (bytes > most) throw new RangeError(`an answer of more than ${most} bytes`);
    const lines = (rest + decoder.decode(chunk, { stream: true })).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) if (line !== '') yield line;
  }
  rest += decoder.decode();
  if (rest !== '') yield rest;
}

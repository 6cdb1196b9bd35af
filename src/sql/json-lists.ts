/** Rows as JSON lists that fit into parameters of D1, which takes up to 2 MB each. */

const MAX_BYTES = 1_900_000;

export type JsonRow = readonly unknown[];

/** Rows as JSON lists of up to `MAX_BYTES` each. Without rows, no list. */
export function jsonLists(rows: Iterable<JsonRow>): string[] {
  const texts: string[] = [];
  let list: string[] = [];
  let bytes = 0;
  const close = (): void => {
    if (list.length > 0) texts.push(`[${list.join()}]`);
    list = [];
    bytes = 0;
  };
  for (const row of rows) {
    const text = JSON.stringify(row);
    const size = byteLength(text) + 1;
    if (bytes + size > MAX_BYTES) close();
    list.push(text);
    bytes += size;
  }
  close();
  return texts;
}

/** The length of a text in UTF-8. Each half of a surrogate pair has two bytes of four. */
function byteLength(text: string): number {
  let bytes = text.length;
  for (let at = 0; at < text.length; at++) {
    const unit = text.charCodeAt(at);
    if (unit > 0x7f) bytes += unit > 0x7ff && (unit < 0xd800 || unit > 0xdfff) ? 2 : 1;
  }
  return bytes;
}

/** Decodes Punycode (RFC 3492), in which hosts of other alphabets are stored. The runtime can encode it by `URL`, but not decode. */

const BASE = 36;
const T_MIN = 1;
const T_MAX = 26;
const SKEW = 38;
const DAMP = 700;

/** The decoded text of a label without its `xn--`; null if it is invalid. */
export function decodePunycode(label: string): string | null {
  const hyphen = label.lastIndexOf('-');
  const codes = Array.from(label.slice(0, Math.max(hyphen, 0)), (letter) => letter.charCodeAt(0));
  let code = 128;
  let index = 0;
  let bias = 72;
  for (let at = hyphen + 1; at < label.length; ) {
    const start = index;
    let weight = 1;
    for (let k = BASE; ; k += BASE) {
      const digit = Number.parseInt(label[at++] ?? '', BASE);
      if (Number.isNaN(digit)) return null;
      // Letters stand for 0 to 25, digits for 26 to 35.
      index += (digit < 10 ? digit + 26 : digit - 10) * weight;
      const threshold = Math.min(Math.max(k - bias, T_MIN), T_MAX);
      if ((digit < 10 ? digit + 26 : digit - 10) < threshold) break;
      weight *= BASE - threshold;
    }
    const length = codes.length + 1;
    bias = adapt(index - start, length, start === 0);
    code += Math.floor(index / length);
    if (code > 0x10ffff) return null;
    index %= length;
    codes.splice(index++, 0, code);
  }
  return String.fromCodePoint(...codes);
}

function adapt(difference: number, length: number, isFirst: boolean): number {
  let delta = isFirst ? Math.floor(difference / DAMP) : difference >> 1;
  delta += Math.floor(delta / length);
  let k = 0;
  for (; delta > ((BASE - T_MIN) * T_MAX) >> 1; k += BASE) delta = Math.floor(delta / (BASE - T_MIN));
  return k + Math.floor(((BASE - T_MIN + 1) * delta) / (delta + SKEW));
}

/** Draws a badge: a label and a number, side by side, as an SVG of its own. */
import { escapeHtml } from '../model/text/escape.ts';
import { printableText } from '../model/text/printable.ts';

/** The advance widths of Verdana's characters, in hundredths of the font size. */
const WIDTHS: readonly (readonly [width: number, characters: string])[] = [
  [27, "'ijl"],
  [35, ' ft'],
  [36, ',.'],
  [40, '!'],
  [43, 'I'],
  [45, '()-/:;[\\]rJ|'],
  [46, '"'],
  [52, 'csz'],
  [57, 'FL?'],
  [60, 'akxvyeTY'],
  [63, 'bdghnopquE{}$*_`#0123456789'],
  [69, 'ABCKPRSVXZ&'],
  [75, 'DGHNUM'],
  [79, 'OQ'],
  [82, '+<=>^~w'],
  [97, 'mW@'],
  [108, '%'],
];
const WIDTH_OF = new Map(
  WIDTHS.flatMap(([width, characters]) => [...characters].map((character) => [character, width] as const)),
);
const OTHER_WIDTH = 69;
/** Those of Chinese, Japanese and Korean, and emoji, have the width of a square. */
const WIDE = /[\p{scx=Han}\p{scx=Hira}\p{scx=Kana}\p{scx=Hang}\p{Emoji_Presentation}]/u;
const WITHOUT_WIDTH = /[\p{M}\p{Cf}]/u;

const FONT_SIZE = 11;
/** Between the edge of a field and its text, in CSS pixels. */
const PADDING = 6;

/** The width of a text in CSS pixels. Browsers with another font stretch the text to it. */
export function textWidth(text: string): number {
  let width = 0;
  for (const character of text) {
    if (WITHOUT_WIDTH.test(character)) continue;
    width += WIDTH_OF.get(character) ?? (WIDE.test(character) ? 100 : OTHER_WIDTH);
  }
  return Math.round((width * FONT_SIZE) / 10) / 10;
}

/** Not in XML 1.0, or able to reorder the text around it. */
const UNWANTED = /[\uFFFE\uFFFF\u202A-\u202E\u2066-\u2069]/g;

/** A text as a badge can have it. */
export const badgeText = (text: string): string => printableText(text.replace(UNWANTED, ''));

export interface Badge {
  /** The text at the left; empty for none. */
  readonly label: string;
  /** The text at the right. */
  readonly value: string;
  /** What screen readers say, and what is shown under the pointer. */
  readonly title: string;
}

export function drawBadge({ label, value, title }: Badge): string {
  const fields = [
    { text: label, fill: '#13211f' },
    { text: value, fill: '#0c5f6c' },
  ].filter(({ text }) => text !== '');
  let width = 0;
  const parts = fields.map(({ text, fill }) => {
    const inner = textWidth(text);
    const left = width;
    const outer = Math.ceil(inner + 2 * PADDING);
    width += outer;
    const at = `x="${left + outer / 2}" y="14" textLength="${inner}" lengthAdjust="spacingAndGlyphs"`;
    return `<rect x="${left}" width="${outer}" height="20" fill="${fill}"/><text ${at}>${escapeHtml(text)}</text>`;
  });
  const name = escapeHtml(title);
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="20" role="img" aria-label="${name}">`,
    `<title>${name}</title>`,
    `<g fill="#fff" text-anchor="middle" font-size="${FONT_SIZE}" font-family="Verdana, Geneva, DejaVu Sans, sans-serif">`,
    ...parts,
    '</g></svg>',
  ].join('');
}

/** Small marks before values: flags of countries, and drawings of kinds of devices and channels. */

/** Drawn with a pen of 1.2 in a square of 16. */
const DRAWINGS = {
  desktop: 'M2 3h12v8H2zM5.5 14h5M8 11v3',
  phone: 'M5 1.5h6v13H5zM7.4 12.3h1.2',
  tablet: 'M3 2h10v12H3zM7.2 12h1.6',
  tv: 'M1.5 3h13v8.5h-13zM5 14h6',
  arrow: 'M2 8h11M9 4l4 4-4 4',
  search: 'M7 2.5a4.5 4.5 0 1 0 0 9 4.5 4.5 0 0 0 0-9zM10.3 10.3 14 14',
  people:
    'M6 7.5a2.7 2.7 0 1 0 0-5.4 2.7 2.7 0 0 0 0 5.4zM1.3 14c0-5.5 9.4-5.5 9.4 0M11 2.3a2.6 2.6 0 0 1 0 5M12.6 10c1.5.7 2.1 2 2.1 4',
  letter: 'M1.5 3.5h13v9h-13zM1.5 4.2 8 9l6.5-4.8',
  link: 'M6.3 9.7l3.4-3.4M7 4.5 8.5 3a3.2 3.2 0 0 1 4.5 4.5L11.5 9M9 11.5 7.5 13A3.2 3.2 0 0 1 3 8.5L4.5 7',
  ad: 'M2 6v4h2.5L11 13V3L4.5 6zM13.5 6.5v3',
  film: 'M2 3h12v10H2zM6.5 5.5l4 2.5-4 2.5z',
  cart: 'M1.5 2.5h2l1.7 7.5h7l1.6-5.5H4M6 13.3h.1M11.5 13.3h.1',
  star: 'M8 1.5 9.6 6.4 14.5 8 9.6 9.6 8 14.5 6.4 9.6 1.5 8l4.9-1.6z',
} as const;
type Drawing = keyof typeof DRAWINGS;

/** Parts of values. The first that matches counts. */
const RULES: Readonly<Record<string, readonly (readonly [RegExp, Drawing])[]>> = {
  'visit:device': [
    [/Mobile/, 'phone'],
    [/Tablet/, 'tablet'],
    [/TV|Console/, 'tv'],
    [/Desktop/, 'desktop'],
  ],
  'visit:browser': [
    [/Mobile|iOS|Android|Samsung|Opera Mini/, 'phone'],
    [/\w/, 'desktop'],
  ],
  'visit:os': [
    [/iPad/, 'tablet'],
    [/iOS|Android|HarmonyOS|KaiOS|Windows Phone|BlackBerry/, 'phone'],
    [/TV|Tizen|webOS|PlayStation|Xbox|Nintendo/i, 'tv'],
    [/\w/, 'desktop'],
  ],
  'visit:channel': [
    [/^Direct/, 'arrow'],
    [/Shopping/, 'cart'],
    [/^Paid|Display|Affiliates|Cross/, 'ad'],
    [/Search/, 'search'],
    [/Social/, 'people'],
    [/Email/, 'letter'],
    [/SMS|Push/, 'phone'],
    [/Video|Audio/, 'film'],
    [/^AI/, 'star'],
    [/Referral/, 'link'],
  ],
};

export function Drawn({ path }: { readonly path: string }) {
  return (
    <svg class="mark" viewBox="0 0 16 16" aria-hidden="true">
      <path d={path} />
    </svg>
  );
}

/** The mark of a value; nothing if its dimension has none. */
export function Mark({ dimension, value }: { readonly dimension: string; readonly value: string }) {
  if (dimension === 'visit:country') {
    return /^[A-Z]{2}$/.test(value) ? (
      <span class="mark" aria-hidden="true">
        {flag(value)}
      </span>
    ) : null;
  }
  if (value.startsWith('(')) return null;
  const drawing = RULES[dimension]?.find(([part]) => part.test(value))?.[1];
  return drawing ? <Drawn path={DRAWINGS[drawing]} /> : null;
}

/** Regional indicators, which most systems draw as a flag. Windows draws the two letters, which say the same. */
const flag = (code: string): string =>
  String.fromCodePoint(...[...code].map((letter) => letter.charCodeAt(0) + 0x1f1a5));

/** The tools whose clients name a pixel in their own way, such as Plausible by its domain and Matomo by a number. */

/** Tools by the name that the API and the table `pixel_keys` have for them, each with its own name. */
export const TOOLS = {
  plausible: 'Plausible',
  umami: 'Umami',
  goatcounter: 'GoatCounter',
  counterscale: 'Counterscale',
  matomo: 'Matomo',
  snowplow: 'Snowplow',
  segment: 'Segment or RudderStack',
  ga4: 'Google Analytics',
  posthog: 'PostHog',
  meta: 'Meta',
  openai: 'OpenAI Ads',
  tiktok: 'TikTok',
  linkedin: 'LinkedIn',
} as const;

/** The tool whose name for its site leads to a pixel. */
export type PixelKey = keyof typeof TOOLS;

export const isTool = (text: string): text is PixelKey => Object.hasOwn(TOOLS, text);

/** Names by which other tools' clients may call one pixel. */
export const MAX_PIXEL_KEYS = 100;
/** Pixels that one such name may lead to. */
export const MAX_PIXELS_OF_KEY = 4;

/** What a tool calls its site: visible ASCII characters. */
const SITE_NAME = /^[\x21-\x7e]{1,100}$/;

/** Whether a text can be what a tool calls its site. */
export const isSiteName = (text: string): boolean => SITE_NAME.test(text);

/** Tools whose names of sites are hosts. */
const HOSTS: readonly PixelKey[] = ['plausible', 'goatcounter'];

/** The one spelling of what a tool calls its site: of a host without `www.`, and of a UUID in lower case. */
export function normalSiteName(tool: PixelKey, text: string): string {
  const name = text.trim();
  if (HOSTS.includes(tool)) return name.toLowerCase().replace(/^www\./, '');
  return tool === 'umami' ? name.toLowerCase() : name;
}

/** What a client of another tool calls its site. Kept apart from the list of tools, which most events do not need. */
import type { PixelKey } from './pixel-key.ts';

/** What a tool calls its site, and the tool. */
export interface SiteKey {
  readonly tool: PixelKey;
  readonly name: string;
}

/** A name that leads to no pixel, and the host of the page that sent it: what its rejections are counted by. */
export interface UnknownKey extends SiteKey {
  readonly hostname: string;
}

/** The text by which the rejections of an unknown name are counted. None of its parts has a space. */
export const familyOfKey = ({ tool, name, hostname }: UnknownKey): string => `${tool} ${name} ${hostname}`;

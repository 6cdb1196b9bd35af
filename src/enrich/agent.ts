/** Reads browser, operating system and kind of device from a user agent and its client hints. */
import UAParser from 'ua-parser-js';
import { Cache } from '../model/cache.ts';
import type { DEVICES } from '../model/device.ts';
import { LIMITS } from '../model/limits.ts';
import type { ClientHints } from '../model/wire.ts';
import { browserName, systemName } from './agent-names.ts';
import { agentKey, boundedAgent } from './bounded-agent.ts';
import { isTelevision } from './televisions.ts';

export interface Agent {
  readonly device: string;
  readonly browser: string;
  /** Major version only: more would help to recognise a person and answers no question an owner has. */
  readonly browserVersion: string;
  readonly os: string;
  readonly osVersion: string;
}

/** The parser's names of kinds of device. */
const KINDS: Readonly<Record<string, (typeof DEVICES)[number]>> = {
  mobile: 'Mobile',
  tablet: 'Tablet',
  smarttv: 'TV',
  console: 'Console',
  wearable: 'Wearable',
  embedded: 'Embedded',
};

/** Parsing takes some 70 µs and a site sees the same few hundred agents again and again. */
const agents = new Cache<number, Agent>(2000);

/** @param key `agentKey` of the user agent. */
export function parseAgent(userAgent: string, hints: ClientHints, key = agentKey(userAgent)): Agent {
  const agent = agents.getOrInsertComputed(key, () => parse(boundedAgent(userAgent)));
  return hints.platform === '' ? agent : withHints(agent, hints);
}

function parse(userAgent: string): Agent {
  // Not `getResult`, which also looks for engine and processor.
  const parser = new UAParser(userAgent);
  const [browser, os, device] = [parser.getBrowser(), parser.getOS(), parser.getDevice()];
  const known = browser.name !== undefined || os.name !== undefined;
  return {
    device: deviceOf(userAgent, device.type, known),
    browser: browserName(browser.name),
    browserVersion: browser.version?.split('.')[0]?.slice(0, LIMITS.agentVersion) ?? '',
    os: systemName(os.name),
    osVersion: os.version?.slice(0, LIMITS.agentVersion) ?? '',
  };
}

/** What the parser may take a television for. */
const MISTAKEN: ReadonlySet<string> = new Set(['', 'Desktop', 'Mobile', 'Tablet']);

function deviceOf(userAgent: string, type: string | undefined, known: boolean): string {
  const kind = type === undefined ? (known ? 'Desktop' : '') : (KINDS[type] ?? '');
  return MISTAKEN.has(kind) && isTelevision(userAgent) ? 'TV' : kind;
}

/** What the hint `Sec-CH-UA-Platform` may say (https://wicg.github.io/ua-client-hints/#sec-ch-ua-platform), and our names. */
const PLATFORMS: ReadonlyMap<string, string> = new Map([
  ['Android', 'Android'],
  ['Chrome OS', 'Chrome OS'],
  ['Chromium OS', 'Chrome OS'],
  ['Fuchsia', 'Fuchsia'],
  ['iOS', 'iOS'],
  ['Linux', 'GNU/Linux'],
  ['macOS', 'Mac'],
  ['Windows', 'Windows'],
]);
const HINTED_VERSION = /^[\w.-]{1,32}$/;

/**
 * Chromium freezes the user agent's version of the system, and says Linux for some phones in desktop mode; the hints
 * tell the truth. A hint that names no platform, or one that no browser runs on, changes nothing.
 */
function withHints(agent: Agent, hints: ClientHints): Agent {
  const os = PLATFORMS.get(unquote(hints.platform));
  if (os === undefined) return agent;
  const version = unquote(hints.platformVersion);
  return {
    ...agent,
    device: hints.mobile === '?1' && agent.device === 'Desktop' ? 'Mobile' : agent.device,
    os: sameSystem(agent.os, os) ? agent.os : os,
    osVersion: HINTED_VERSION.test(version) ? osVersion(os, version) : agent.osVersion,
  };
}

/** A distribution is a Linux: the user agent says more than the hint. */
function sameSystem(fromAgent: string, fromHint: string): boolean {
  return fromAgent === fromHint || (fromHint === 'GNU/Linux' && fromAgent !== '' && fromAgent !== 'Android');
}

/** Windows counts its releases otherwise in the hint: from 13 on it is Windows 11. */
function osVersion(os: string, version: string): string {
  const [major = '', minor] = version.split('.');
  if (os === 'Windows') return Number(major) >= 13 ? '11' : Number(major) > 0 ? '10' : version.slice(0, 8);
  return (minor === undefined || minor === '0' ? major : `${major}.${minor}`).slice(0, LIMITS.agentVersion);
}

function unquote(text: string): string {
  return text.replaceAll('"', '').trim();
}

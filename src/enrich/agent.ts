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
  /** The major version. A longer one would help to recognize a person, and owners do not need it. */
  readonly browserVersion: string;
  readonly os: string;
  readonly osVersion: string;
}

/** The parser's names of device types. */
const KINDS: Readonly<Record<string, (typeof DEVICES)[number]>> = {
  mobile: 'Mobile',
  tablet: 'Tablet',
  smarttv: 'TV',
  console: 'Console',
  wearable: 'Wearable',
  embedded: 'Embedded',
};

/** Parsing takes some 70 µs, and a site sees the same few hundred agents again and again. */
const agents = new Cache<number, Agent>(2000);

/** @param key `agentKey` of the user agent. */
export function parseAgent(userAgent: string, hints: ClientHints, key = agentKey(userAgent)): Agent {
  const agent = agents.getOrInsertComputed(key, () => parse(boundedAgent(userAgent)));
  return hints.platform === '' ? agent : withHints(agent, hints);
}

function parse(userAgent: string): Agent {
  // `getResult` would also look for engine and processor.
  const parser = new UAParser(userAgent);
  const [browser, os, device] = [parser.getBrowser(), parser.getOS(), parser.getDevice()];
  const isRecognized = browser.name !== undefined || os.name !== undefined;
  return {
    device: deviceOf(userAgent, device.type, isRecognized),
    browser: browserName(browser.name),
    browserVersion: browser.version?.split('.')[0]?.slice(0, LIMITS.agentVersion) ?? '',
    os: systemName(os.name),
    osVersion: os.version?.slice(0, LIMITS.agentVersion) ?? '',
  };
}

/** The devices that the parser may take a television for. */
const MISTAKEN_FOR_TV: ReadonlySet<string> = new Set(['', 'Desktop', 'Mobile', 'Tablet']);

function deviceOf(userAgent: string, type: string | undefined, isRecognized: boolean): string {
  const kind = type === undefined ? (isRecognized ? 'Desktop' : '') : (KINDS[type] ?? '');
  return MISTAKEN_FOR_TV.has(kind) && isTelevision(userAgent) ? 'TV' : kind;
}

/** The values of `Sec-CH-UA-Platform` (https://wicg.github.io/ua-client-hints/#sec-ch-ua-platform), and Speck's names. */
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
 * Chromium freezes the system's version in the user agent, and says Linux for some phones in desktop mode. The hints are right.
 * A hint that names no platform, or a platform that no browser runs on, is ignored.
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

/** The user agent may name a distribution where the hint says Linux: then the user agent is more precise. */
function sameSystem(fromAgent: string, fromHint: string): boolean {
  return fromAgent === fromHint || (fromHint === 'GNU/Linux' && fromAgent !== '' && fromAgent !== 'Android');
}

/** The hint counts releases of Windows differently: 13 and later are Windows 11. */
function osVersion(os: string, version: string): string {
  const [major = '', minor] = version.split('.');
  if (os === 'Windows') return Number(major) >= 13 ? '11' : Number(major) > 0 ? '10' : version.slice(0, 8);
  return (minor === undefined || minor === '0' ? major : `${major}.${minor}`).slice(0, LIMITS.agentVersion);
}

function unquote(text: string): string {
  return text.replaceAll('"', '').trim();
}

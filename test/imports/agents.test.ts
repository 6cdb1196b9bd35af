/** Names of browsers, systems and devices that other tools write have one spelling, which enriching leaves as it is. */
import { describe, expect, it } from 'vitest';
import { browserName, systemName } from '../../src/enrich/agent-names.ts';
import { browserOf, deviceOf, systemOf } from '../../src/imports/agents.ts';
import { countryOf } from '../../src/imports/countries.ts';
import { DEVICES } from '../../src/model/device.ts';

const BROWSERS: readonly [string, string][] = [
  ['Chrome', 'Chrome'],
  ['chrome', 'Chrome'],
  ['crios', 'Chrome'],
  ['Chrome Mobile', 'Chrome'],
  ['Edge', 'Microsoft Edge'],
  ['edge-chromium', 'Microsoft Edge'],
  ['ios', 'Safari'],
  ['Safari (in-app)', 'Mobile App'],
  ['Android Webview', 'Mobile App'],
  ['Samsung Internet', 'Samsung Browser'],
  ['UC Browser', 'UC Browser'],
  ['Opera Mini', 'Opera'],
  ['(not set)', ''],
  ['', ''],
];

const SYSTEMS: readonly [name: string, version: string, os: string, release: string][] = [
  ['Windows 10', '', 'Windows', '10'],
  ['Windows XP', '', 'Windows', 'XP'],
  ['Windows', '10', 'Windows', '10'],
  ['Windows Phone', '8', 'Windows Phone', '8'],
  ['Mac OS', '', 'Mac', ''],
  ['macOS', '14.1', 'Mac', '14.1'],
  ['Macintosh', 'Intel 10.15', 'Mac', 'Intel 10.15'],
  ['iPadOS', '17', 'iOS', '17'],
  ['iOS', '17.1', 'iOS', '17.1'],
  ['Linux', '', 'GNU/Linux', ''],
  ['GNU/Linux', '', 'GNU/Linux', ''],
  ['Chrome OS', '', 'Chrome OS', ''],
  ['Android OS', '', 'Android', ''],
  ['<blank>', 'unknown', '', ''],
];

describe('names of other tools', () => {
  it.each(BROWSERS)('a browser %j is %j', (name, expected) => {
    expect(browserOf(name)).toBe(expected);
    expect(browserName(expected)).toBe(expected);
  });

  it.each(SYSTEMS)('a system %j of version %j is %j of version %j', (name, version, os, os_version) => {
    expect(systemOf(name, version)).toEqual({ os, os_version });
    expect(systemName(os)).toBe(os);
  });

  it.each([
    ['laptop', 'Desktop'],
    ['Smartphone', 'Mobile'],
    ['Car browser', 'Embedded'],
    ['smart tv', 'TV'],
    ['toaster', ''],
  ])('a device %j is %j', (kind, expected) => {
    expect(deviceOf(kind)).toBe(expected);
    expect(['', ...DEVICES]).toContain(expected);
  });

  it.each([
    ['Germany', 'DE'],
    ['United States', 'US'],
    ['Türkiye', 'TR'],
    ['Turkey', 'TR'],
    ["Côte d'Ivoire", 'CI'],
    ['Bosnia and Herzegovina', 'BA'],
    ['Hong Kong', 'HK'],
    ['St. Lucia', 'LC'],
    ['South Korea', 'KR'],
    ['(not set)', ''],
    ['Atlantis', ''],
  ])('the country %j is %j', (name, code) => {
    expect(countryOf(name)).toBe(code);
  });
});

import { expect, test } from 'vitest';
import { flagsNamed, flagValue, sharedFlags, withoutFlags } from '../../scripts/lib/wrangler.ts';

const args = [
  '--port',
  '1',
  '--env=staging',
  '-c',
  'other.toml',
  '--port=2',
  '--minify',
  '--persist-to',
  'x',
];

test('flags are found in both spellings, the last value counts', () => {
  expect(flagValue(args, '--port')).toBe('2');
  expect(flagValue(args, '--env')).toBe('staging');
  expect(flagValue(args, '--ip')).toBeUndefined();
  expect(flagsNamed(args, ['--persist-to'])).toEqual(['--persist-to', 'x']);
  expect(flagsNamed(['--port'], ['--port'])).toEqual([]);
});

test('the flags of every command, and the rest', () => {
  expect(sharedFlags(args)).toEqual(['--env=staging', '-c', 'other.toml']);
  expect(withoutFlags(args, ['--port'])).toEqual([
    '--env=staging',
    '-c',
    'other.toml',
    '--minify',
    '--persist-to',
    'x',
  ]);
});

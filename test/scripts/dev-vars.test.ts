import { expect, test } from 'vitest';
import { secretIn, withSecret } from '../../scripts/lib/dev-vars.ts';

test.each([
  ['', undefined],
  ['ADMIN_TOKEN=', undefined],
  ['ADMIN_TOKEN=""', undefined],
  ['# ADMIN_TOKEN=abc', undefined],
  ['MY_ADMIN_TOKEN=abc', undefined],
  ['SECRET_KEY=abc', undefined],
  ['A=1\nADMIN_TOKEN=abc\n', 'abc'],
  ['ADMIN_TOKEN = "abc" # mine', 'abc'],
  ['export ADMIN_TOKEN=abc\r\nB=2', 'abc'],
])('the token in %j', (text, token) => {
  expect(secretIn(text, 'ADMIN_TOKEN')).toBe(token);
});

test.each([
  ['', 'ADMIN_TOKEN=new\n'],
  ['A=1', 'A=1\nADMIN_TOKEN=new\n'],
  ['A=1\nADMIN_TOKEN=\nB=2\n', 'A=1\nADMIN_TOKEN=new\nB=2\n'],
  ['ADMIN_TOKEN=""\r\nB=2\r\n', 'ADMIN_TOKEN=new\r\nB=2\r\n'],
  ['# ADMIN_TOKEN=abc\n', '# ADMIN_TOKEN=abc\nADMIN_TOKEN=new\n'],
])('putting a token into %j', (text, expected) => {
  const written = withSecret(text, 'ADMIN_TOKEN', 'new');
  expect(written).toBe(expected);
  expect(secretIn(written, 'ADMIN_TOKEN')).toBe('new');
});

test('a second secret leaves the first one as it is', () => {
  const written = withSecret('ADMIN_TOKEN=abc\nSECRET_KEY_PREVIOUS=old\n', 'SECRET_KEY', 'new');
  expect(written).toBe('ADMIN_TOKEN=abc\nSECRET_KEY_PREVIOUS=old\nSECRET_KEY=new\n');
});

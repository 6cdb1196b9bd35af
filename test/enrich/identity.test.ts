/** Signed user ids, against vectors that Node's crypto has made: HKDF-SHA-256, then HMAC-SHA-256 twice. */
import { describe, expect, it } from 'vitest';
import { identitySecret, proofOf } from '../../src/enrich/identity.ts';
import { mayName } from '../../src/enrich/person.ts';

const SECRET_KEY = 'test-secret-key-of-32-characters-or-more';
const PIXEL = 'px_1111111111111111';
const RIGHT = 'b51375c3e5e10d9317d487acb728ef802afb0c38a8d8587dd4f3b69006e6a05f';

describe('the signature of a user id', () => {
  it('is made with a derived secret of that pixel alone', async () => {
    expect(await identitySecret(SECRET_KEY, PIXEL)).toBe(
      '807bb90ec28df1c15208129aa2f3ed1fa75f367f3dd314503a1b3827fb35147b',
    );
    expect(await identitySecret(SECRET_KEY, 'px_2222222222222222')).not.toContain('807bb90e');
    expect(await identitySecret(`${SECRET_KEY}!`, PIXEL)).not.toContain('807bb90e');
  });

  it.each([
    ['customer-4711', RIGHT],
    ['customer-4711', RIGHT.toUpperCase()],
    ['Jürgen 🙂', '763e335a3dc88588eeb818e1727bbe10fc1f11b14d69b7d72abfb554b1709dc6'],
    ['x'.repeat(256), 'c7af393aea9652419c3797f499b2a207d74a3050652db2cc3271e844c2722542'],
  ])('of %s is valid, even while the secret is rotated', async (uid, signature) => {
    expect(await proofOf([SECRET_KEY], PIXEL, uid, signature)).toBe('right');
    expect(
      await proofOf(['the next secret of this Worker, and of it only', SECRET_KEY], PIXEL, uid, signature),
    ).toBe('right');
  });

  it.each([
    ['customer-4712', RIGHT, [SECRET_KEY], PIXEL],
    ['customer-4711 ', RIGHT, [SECRET_KEY], PIXEL],
    ['customer-4711', RIGHT, [SECRET_KEY], 'px_2222222222222222'],
    ['customer-4711', RIGHT, [`${SECRET_KEY}!`], PIXEL],
    // Without a secret nothing is signed, not even by nothing.
    ['customer-4711', RIGHT, [], PIXEL],
    ['customer-4711', `${RIGHT}00`, [SECRET_KEY], PIXEL],
    ['customer-4711', RIGHT.slice(2), [SECRET_KEY], PIXEL],
    ['customer-4711', `${RIGHT.slice(0, 63)}g`, [SECRET_KEY], PIXEL],
    ['customer-4711', `${RIGHT.slice(0, 63)}0`, [SECRET_KEY], PIXEL],
    ['customer-4711', ' ', [SECRET_KEY], PIXEL],
    [
      'x'.repeat(257),
      'c7af393aea9652419c3797f499b2a207d74a3050652db2cc3271e844c2722542',
      [SECRET_KEY],
      PIXEL,
    ],
  ])('is invalid: %#', async (uid, signature, secrets, pixel) => {
    expect(await proofOf(secrets, pixel, uid, signature)).toBe('wrong');
  });

  it('is missing without a user id or a signature', async () => {
    expect(await proofOf([SECRET_KEY], PIXEL, '', RIGHT)).toBe('none');
    expect(await proofOf([SECRET_KEY], PIXEL, 'customer-4711', '')).toBe('none');
  });
});

describe('identifiers without a token', () => {
  const kinds = ['uid', 'external_id', 'em', 'ph', 'cookie'] as const;
  it.each([
    ['open', 'none', [...kinds]],
    ['open', 'right', [...kinds]],
    ['open', 'wrong', ['cookie']],
    ['signed', 'none', ['cookie']],
    ['signed', 'right', ['uid', 'cookie']],
    ['signed', 'wrong', ['cookie']],
  ] as const)(
    'of a pixel whose identity is %s, by a proof that is %s, by %j',
    (identity, proof, expected) => {
      expect(kinds.filter((kind) => mayName(kind, proof, identity))).toEqual(expected);
    },
  );
});

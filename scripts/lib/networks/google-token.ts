/** Plays Google's exchange of a service account's signed statement for a token: developers.google.com/identity/protocols/oauth2/service-account. */
import { json } from './counter.ts';
import { KEY_FILE } from './google-key.ts';

const GRANT = 'urn:ietf:params:oauth:grant-type:jwt-bearer';
const LIFETIME = 3600;

export interface GoogleTokens {
  exchange(request: Request): Promise<Response>;
  /** Whether a header authorizes a request now. */
  authorizes(header: string | null): boolean;
  reset(): void;
}

export function makeGoogleTokens(now: () => number): GoogleTokens {
  const tokens = new Map<string, number>();
  let given = 0;
  return {
    async exchange(request) {
      const form = await request.formData();
      if (form.get('grant_type') !== GRANT) {
        return json(400, { error: 'unsupported_grant_type', error_description: 'Invalid grant_type.' });
      }
      const fault = await faultOf(String(form.get('assertion')), now() / 1000);
      if (fault !== null) return json(400, { error: fault.error, error_description: fault.description });
      given += 1;
      const token = `ya29.c.fake-${given}`;
      tokens.set(token, now() + LIFETIME * 1000);
      return json(200, { access_token: token, expires_in: LIFETIME - 1, token_type: 'Bearer' });
    },
    authorizes(header) {
      const end = tokens.get(header?.replace(/^Bearer /, '') ?? '');
      return end !== undefined && end > now();
    },
    reset() {
      tokens.clear();
      given = 0;
    },
  };
}

interface Fault {
  readonly error: string;
  readonly description: string;
}

async function faultOf(assertion: string, seconds: number): Promise<Fault | null> {
  const invalid = (description: string): Fault => ({ error: 'invalid_grant', description });
  const [head = '', claims = '', signature = ''] = assertion.split('.');
  const file = JSON.parse(KEY_FILE) as { private_key_id: string; private_key: string; client_email: string };
  const { alg, typ, kid } = partOf(head);
  if (alg !== 'RS256' || typ !== 'JWT') return invalid('Invalid JWT: Failed audience check or header.');
  const { iss, scope, aud, iat, exp } = partOf(claims);
  if (iss !== file.client_email) return invalid(`Invalid grant: account not found: ${String(iss)}`);
  if (kid !== file.private_key_id || !(await isSigned(file.private_key, `${head}.${claims}`, signature))) {
    return invalid('Invalid JWT Signature.');
  }
  if (aud !== 'https://oauth2.googleapis.com/token') return invalid('Invalid JWT: Failed audience check.');
  const isTimely =
    typeof iat === 'number' &&
    typeof exp === 'number' &&
    iat <= seconds + 60 &&
    exp > seconds &&
    exp - iat <= LIFETIME;
  if (!isTimely) {
    return invalid(
      'Invalid JWT: Token must be a short-lived token (60 minutes) and in a reasonable timeframe. Check your iat and exp values in the JWT claim.',
    );
  }
  if (scope !== 'https://www.googleapis.com/auth/datamanager') {
    return { error: 'invalid_scope', description: 'Invalid OAuth scope or ID token audience provided.' };
  }
  return null;
}

function partOf(part: string): Record<string, unknown> {
  try {
    return JSON.parse(new TextDecoder().decode(bytesOf(part))) as Record<string, unknown>;
  } catch {
    return {};
  }
}

/** The bytes of base64 or base64url. */
function bytesOf(text: string): Uint8Array<ArrayBuffer> {
  const base64 = text.replaceAll('-', '+').replaceAll('_', '/');
  return Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
}

async function isSigned(pem: string, statement: string, signature: string): Promise<boolean> {
  const algorithm = { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' };
  const pkcs8 = bytesOf(pem.replace(/-----[A-Z ]+-----|\s/g, ''));
  const { kty, n, e } = (await crypto.subtle.exportKey(
    'jwk',
    await crypto.subtle.importKey('pkcs8', pkcs8, algorithm, true, ['sign']),
  )) as JsonWebKey;
  const key = await crypto.subtle.importKey('jwk', { kty, n, e } as JsonWebKey, algorithm, false, ['verify']);
  return await crypto.subtle
    .verify('RSASSA-PKCS1-v1_5', key, bytesOf(signature), new TextEncoder().encode(statement))
    .catch(() => false);
}

/** How the owner's server signs user ids. Shows the pixel's secret on demand. */
import { useState } from 'preact/hooks';
import { call, type Failure, failureOf, type Pixel } from './api.ts';
import { ErrorMessage, Snippet } from './ui.tsx';

export function SignedIds({ pixel }: { readonly pixel: Pixel }) {
  const [secret, setSecret] = useState('SECRET');
  const [failure, setFailure] = useState<Failure | null>(null);
  const show = async (): Promise<void> => {
    try {
      const response = await call<{ secret: string }>('GET', `/api/v1/pixels/${pixel.id}/identity`);
      setSecret(response.secret);
      setFailure(null);
    } catch (error) {
      setFailure(failureOf(error));
    }
  };
  const lines = [
    '# Node',
    `crypto.createHmac('sha256', '${secret}').update(uid).digest('hex')`,
    '# PHP',
    `hash_hmac('sha256', $uid, '${secret}')`,
    '# Python',
    `hmac.new(b'${secret}', uid.encode(), 'sha256').hexdigest()`,
  ].join('\n');
  return (
    <>
      <Snippet title="Signed user ids" text={lines}>
        If your users sign in, your server can sign their ids, and the page sends id and signature with{' '}
        <code>speck('identify', uid, {'{ sig }'})</code>. Nobody can then pretend to be another user. Keep the
        secret on your server, never in a page.{' '}
        <button type="button" class="quiet" onClick={() => void show()}>
          Show the secret
        </button>
      </Snippet>
      {failure && <ErrorMessage failure={failure} />}
    </>
  );
}

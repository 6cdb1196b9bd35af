/** How an owner's server signs the ids of its users, with the pixel's secret once it is asked for. */
import { useState } from 'preact/hooks';
import { call, type Failure, failureOf, type Pixel } from './api.ts';
import { Snippet, Trouble } from './ui.tsx';

export function SignedIds({ pixel }: { readonly pixel: Pixel }) {
  const [secret, setSecret] = useState('SECRET');
  const [failure, setFailure] = useState<Failure | null>(null);
  const show = async (): Promise<void> => {
    try {
      const answer = await call<{ secret: string }>('GET', `/api/v1/pixels/${pixel.id}/identity`);
      setSecret(answer.secret);
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
        Your server signs the id of who is signed in; the page says{' '}
        <code>speck('identify', uid, {'{ sig }'})</code>. Then nobody can send another's id. Keep the secret
        on the server.{' '}
        <button type="button" class="quiet" onClick={() => void show()}>
          Show the secret
        </button>
      </Snippet>
      {failure && <Trouble failure={failure} />}
    </>
  );
}

/** Names of the local machine: `localhost`, 127.0.0.0/8 and `[::1]`, as `URL` writes them. */
const LOOPBACK = /^(?:(?:.+\.)?localhost|127(?:\.\d{1,3}){3}|\[::1\])$/;

/** Whether only programs on this machine reach a host. @param hostname as `URL` writes it. */
export function isLoopback(hostname: string): boolean {
  return LOOPBACK.test(hostname);
}

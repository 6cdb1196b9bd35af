/** The inline scripts of the snippets for pages: what `speck(…)` is until the tag has loaded. They run in any browser, so they are in ES5. */

/** Queues calls of `speck(…)` until the tag handles them. */
export const STUB = 'window.speck=window.speck||function(){(speck.q=speck.q||[]).push(arguments)}';

/** Makes an id of 128 random bits; none where there are no random numbers. `crypto.randomUUID` does not exist on pages without https. */
const ID =
  "function id(i){try{i='';crypto.getRandomValues(new Uint32Array(4)).forEach(function(p){i+=(p+4294967296).toString(36)});return i}catch(e){}}";

/**
 * The same for data-relay: an event without an id gets one, which is returned at once. It is apart from an id of the page's own, since the tag sends it
 * with a consent only. A running tag returns the event's id, or nothing without a consent; a list returns its length.
 */
const SPECK = `w.speck=w.speck||function(c,n,d,a){
var i=a&&a.eventID,r;if(c=='track'&&!i)a={url:a&&a.url,relayID:i=id()};
r=(w.speck.q=w.speck.q||[]).push([c,n,d,a]);return r>0?i:r};`;

/**
 * Lets Speck hear the calls of Meta's own pixel, and gives Meta the same ids. Calls arrive through the `callMethod` that Meta's snippet looks for: all
 * references to fbq lead there, and Meta's script may come first or later.
 */
const FBQ = `w.speck.q=w.speck.q||[];w.speck.q.fbq=w.speck.q.fbq||[];
function pass(g){try{
var c=[].slice.call(g),s=c.slice(),k=/Single/.test(c[0])?4:3,a=c[k]||{},i=a.eventID||a.event_id,t=c[1]&&/^track/.test(c[0]),m=i||t&&id(),r;
s[k]={eventID:i,relayID:m};r=w.speck.q.fbq.push(s);m=r>0?m:r;
if(t&&m&&!i){c[k-1]=c[k-1]||{};c[k]=Object.assign({},a,{eventID:m})}
return c}catch(e){return g}}
function join(f){
var q=f.queue||[],m=f.callMethod,n;if(m&&'own'in m)return;
function h(){var c=pass(arguments);return h.own?h.own.apply(this,c):(f.queue=f.queue||[]).push(c)}
h.own=m;for(n=0;n<q.length;n++)q[n]=pass(q[n]);
def(f,'callMethod',{get:function(){return h},set:function(o){h.own=o}})}
function def(o,n,p){p.configurable=p.enumerable=true;Object.defineProperty(o,n,p)}
if(w.fbq)join(w.fbq);else def(w,'fbq',{get:function(){},set:function(f){def(w,'fbq',{value:f,writable:true});f&&join(f)}});`;

/** For data-relay. */
export const RELAY_STUB = `!function(w){\n${ID}\n${SPECK}\n}(window)`;

/** For data-relay with data-alias="fbq", before Meta's own snippet. */
export const META_RELAY_STUB = `!function(w){\n${ID}\n${SPECK}\n${FBQ}\n}(window)`;

/** Of the time, so much is left to everything else: reading along costs a sixth of a core at most. */
const REST = 5;
/** However slow the machine is, text is not held back for longer than this. */
const MOST_MS = 400;

/**
 * How often a stream is folded into what is shown. A short reply is shown with every painted frame; one that takes
 * long to lay out and paint is shown less often, so that the page stays free for whoever scrolls and types.
 */
export class Pace {
  private next = 0;

  /** Calls back with a painted frame, once it is time for another. */
  whenDue(work: () => void): void {
    const wait = this.next - performance.now();
    if (wait > 0) setTimeout(() => this.inFrame(work), wait);
    else this.inFrame(work);
  }

  private inFrame(work: () => void): void {
    requestAnimationFrame(() => {
      const begun = performance.now();
      // Comes when this frame was laid out and painted.
      const { port1, port2 } = new MessageChannel();
      port1.onmessage = () => {
        port1.close();
        this.next = dueAfter(begun, performance.now());
      };
      port2.postMessage(null);
      work();
    });
  }
}

export function dueAfter(begun: number, ended: number): number {
  return ended + Math.min(REST * (ended - begun), MOST_MS);
}

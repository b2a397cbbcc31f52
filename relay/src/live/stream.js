// The relay's stream of server-sent events, read with fetch: unlike EventSource it says why it failed,
// and a reader that falls behind is waited for, so that the relay can say what it left out.

export class Stream {
  #aborter = null;
  #last = null;

  // `on.event(kind, data)` for what is said, may return a promise to be waited for;
  // `on.state(state)` with connecting, live, busy, locked, stopped.
  constructor(on) {
    this.on = on;
  }

  // Begins anew, with these parameters.
  open(query) {
    this.close();
    this.#last = null;
    this.#aborter = new AbortController();
    this.#run(query, this.#aborter.signal);
  }

  close() {
    this.#aborter?.abort();
  }

  async #run(query, signal) {
    for (let wait = 500; !signal.aborted; wait = Math.min(wait * 2, 10_000)) {
      this.on.state('connecting');
      try {
        const headers = this.#last ? { 'Last-Event-ID': this.#last } : {};
        const response = await fetch(`/live/events?${query}`, { headers, signal, cache: 'no-store' });
        if (response.ok) {
          this.on.state('live');
          wait = 500;
          await this.#read(response.body, signal);
        } else if (response.status === 401 || response.status === 403) {
          this.on.state('locked');
          return;
        } else {
          const answer = await response.json().catch(() => ({}));
          this.on.state(answer.code === 'too_many_watchers' ? 'busy' : 'stopped');
        }
      } catch {
        if (!signal.aborted) this.on.state('stopped');
      }
      await new Promise((done) => setTimeout(done, wait * (0.75 + Math.random() / 2)));
    }
  }

  async #read(body, signal) {
    const reader = body.pipeThrough(new TextDecoderStream()).getReader();
    let text = '';
    for (;;) {
      const { value, done } = await reader.read();
      if (done || signal.aborted) return;
      text += value;
      let end;
      let from = 0;
      while ((end = text.indexOf('\n\n', from)) >= 0) {
        const pause = this.#block(text.slice(from, end));
        from = end + 2;
        if (pause) await pause;
        if (signal.aborted) return;
      }
      text = text.slice(from);
    }
  }

  #block(block) {
    let kind = 'message';
    let data = '';
    for (const line of block.split('\n')) {
      if (line.startsWith('id: ')) this.#last = line.slice(4);
      else if (line.startsWith('event: ')) kind = line.slice(7);
      else if (line.startsWith('data: ')) data = line.slice(6);
    }
    return data && this.on.event(kind, JSON.parse(data));
  }
}

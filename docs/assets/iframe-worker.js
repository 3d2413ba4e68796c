/* The search's worker starts when it is first asked, and in a hidden frame where browsers refuse workers: on pages from disk. */
{
  const Plain = window.Worker;

  const framed = (url, heard) => {
    const frame = Object.assign(document.createElement("iframe"), { hidden: true, title: "Search" });
    document.body.append(frame);
    const inside = frame.contentWindow;
    inside.document.open();
    inside.document.close();
    inside.postMessage = (data) => heard({ data });
    const script = Object.assign(inside.document.createElement("script"), { src: url });
    const ready = new Promise((done) => (script.onload = done));
    inside.document.body.append(script);
    return { postMessage: (data) => ready.then(() => inside.dispatchEvent(new inside.MessageEvent("message", { data }))) };
  };

  const plain = (url, heard) => {
    const worker = new Plain(url);
    worker.onmessage = heard;
    return worker;
  };

  window.Worker = class extends EventTarget {
    constructor(url) {
      super();
      this.url = url;
    }

    postMessage(data) {
      const start = location.protocol === "file:" ? framed : plain;
      this.worker ??= start(this.url, ({ data }) => this.dispatchEvent(new MessageEvent("message", { data })));
      this.worker.postMessage(data);
    }
  };
}

// The live page inside a notebook's widget: numbers go both ways by messages to its frame.
export default {
  render({ model, el }) {
    const frame = document.createElement("iframe");
    frame.setAttribute("sandbox", "allow-scripts");
    frame.setAttribute("title", "forward and backward pass");
    frame.srcdoc = model.get("html");
    Object.assign(frame.style, { width: "100%", height: `${model.get("height")}px`, border: "0" });
    el.append(frame);
    let heard = {};  // what the page said last: it need not be told again
    const listen = (event) => {
      if (event.source !== frame.contentWindow || event.data?.whygrad !== "numbers") return;
      const { numbers } = event.data;
      heard = Object.fromEntries(Object.entries(numbers).map(([name, { data }]) => [name, data]));
      model.set("values", heard);
      model.set("gradients", Object.fromEntries(Object.entries(numbers).map(([name, { grad }]) => [name, grad])));
      model.save_changes();
    };
    const tell = () => {
      for (const [name, number] of Object.entries(model.get("values"))) {
        if (heard[name] !== number) frame.contentWindow.postMessage({ whygrad: "set", with: [name, number] }, "*");
      }
    };
    window.addEventListener("message", listen);
    model.on("change:values", tell);
    return () => {
      window.removeEventListener("message", listen);
      model.off("change:values", tell);
    };
  },
};

import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { createRouter, localAddress, matchRoute, type Router } from "./router.ts";

describe("addresses", () => {
  test.each([
    ["/", "home"], ["/characters", "characters"], ["/characters/", "characters"], ["/characters/chr-1?tab=loras", "character"],
    ["/training", "training"], ["/training/new?character=chr-1", "trainingNew"], ["/training/job-1", "trainingRun"],
    ["/generate", "generate"], ["/gallery", "gallery"], ["/logs", "logs"], ["/video", "video"], ["/settings", "settings"],
    ["/training/job-1/x", "notFound"], ["/nope", "notFound"],
  ] as const)("%s opens the page %s", (address, name) => {
    expect(matchRoute(address).name).toBe(name);
  });

  test("an id is read decoded, and a stray percent sign does not break the page", () => {
    expect(matchRoute("/characters/a%20b").params["id"]).toBe("a b");
    expect(matchRoute("/characters/100%").params["id"]).toBe("100%");
  });
});

describe("moving", () => {
  let router: Router;
  let isTaken = false;
  /** Stands behind the router: sees whether it took the click, and keeps the test's browser from leaving. */
  const lastStop = (event: Event) => {
    isTaken = event.defaultPrevented;
    event.preventDefault();
  };
  beforeEach(() => {
    history.replaceState(null, "", "/");
    router = createRouter(window);
    document.addEventListener("click", lastStop);
  });
  afterEach(() => {
    router.dispose();
    document.removeEventListener("click", lastStop);
    document.body.innerHTML = "";
  });
  const click = (href: string) => {
    document.body.innerHTML = `<a href="${href}"><b>x</b></a>`;
    document.querySelector("b")!.dispatchEvent(new MouseEvent("click", { bubbles: true, cancelable: true, button: 0 }));
    return isTaken;
  };

  test("a plain click on a link opens the page without a reload", () => {
    expect(click("/gallery?a=1")).toBe(true);
    expect(router.route.value.name).toBe("gallery");
    expect(location.pathname + location.search).toBe("/gallery?a=1");
    expect(router.visits.value).toBe(1);
  });

  test("clicks that ask for a new tab, a download, the API or another site stay with the browser", () => {
    const page = { href: "http://localhost/characters", origin: "http://localhost" };
    const asked = (href: string, more: MouseEventInit = {}, attribute = "") => {
      const link = document.createElement("a");
      link.setAttribute("href", href);
      if (attribute !== "") link.setAttribute(attribute, "_blank");
      return localAddress({ ...new MouseEvent("click"), button: 0, ...more, target: link } as unknown as MouseEvent, page);
    };
    expect(asked("/gallery?a=1")).toBe("/gallery?a=1");
    expect(asked("/gallery", { ctrlKey: true })).toBeNull();
    expect(asked("/gallery", { metaKey: true })).toBeNull();
    expect(asked("/gallery", { button: 1 })).toBeNull();
    expect(asked("/gallery", {}, "download")).toBeNull();
    expect(asked("/gallery", {}, "target")).toBeNull();
    expect(asked("/api/loras/x/download")).toBeNull();
    expect(asked("http://other.example/gallery")).toBeNull();
    expect(asked("#main")).toBeNull();
  });

  test("changing a tab or a filter changes the address but is no visit", () => {
    router.navigate("/characters/chr-1");
    const before = router.visits.value;
    router.setQuery({ tab: "captions" });
    expect(location.search).toBe("?tab=captions");
    expect(router.route.value.query.get("tab")).toBe("captions");
    router.setQuery({ tab: null });
    expect(location.search).toBe("");
    expect(router.visits.value).toBe(before);
  });
});

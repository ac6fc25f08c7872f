#!/usr/bin/env python3
"""Writes N posts as JSON Lines to stdout: make_posts.py N [DATA_DIR]

With DATA_DIR, the texts of its *.jsonl files (members "text", "author", "ts") are taken round and round under new ids.
Without, texts are put together at random, always the same, from the words of the sample posts.
"""
import json
import os
import random
import sys


def texts_from(folder):
    texts = []
    for name in ("stocknet-posts-1.jsonl", "crisislex-t6.jsonl"):
        path = os.path.join(folder, name)
        if not os.path.exists(path):
            continue
        with open(path, encoding="utf-8") as lines:
            for line in lines:
                post = json.loads(line)
                texts.append((post["text"], post.get("author", "someone"), post.get("name", "Some One")))
    if not texts:
        sys.exit(f"make_posts.py: no posts in {folder}")
    return texts


def invented_texts():
    samples = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "samples", "posts.jsonl")
    words = []
    with open(samples, encoding="utf-8") as lines:
        for line in lines:
            words += json.loads(line)["content"].split()
    generator = random.Random(1)
    return [(" ".join(generator.choices(words, k=generator.randint(5, 28))), f"user{generator.randint(1, 5000)}", "A User")
            for _ in range(100_000)]


def main():
    count = int(sys.argv[1])
    texts = texts_from(sys.argv[2]) if len(sys.argv) > 2 else invented_texts()
    generator = random.Random(2)
    dump = json.JSONEncoder(ensure_ascii=False).encode
    for i in range(count):
        text, author, name = texts[i % len(texts)]
        second = generator.randint(0, 365 * 86400 - 1)
        day, rest = divmod(second, 86400)
        month, day = divmod(day, 31)
        created_at = f"2025-{month % 12 + 1:02}-{day % 28 + 1:02} {rest // 3600:02}:{rest // 60 % 60:02}:{rest % 60:02}"
        sys.stdout.write(dump({"external_id": str(10 ** 17 + i * 7919), "content": text, "author": name,
                               "author_username": author, "platform": "x", "created_at": created_at,
                               "url": f"https://x.com/{author}/status/{10 ** 17 + i * 7919}"}) + "\n")


if __name__ == "__main__":
    main()

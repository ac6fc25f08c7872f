window.YTD.note_tweet.part0 = [
  { "noteTweet" : { "noteTweetId" : "1700000000000000006", "createdAt" : "2023-09-08T04:20:11.000Z",
      "core" : { "urls" : [ { "shortUrl" : "https://t.co/deep", "expandedUrl" : "https://bread.example/deep" } ],
        "text" : "This is the beginning of a long post about how bread is made in the old way, which takes two days and a good deal of patience, because the dough wants rest. More: https://t.co/deep" } } }
]

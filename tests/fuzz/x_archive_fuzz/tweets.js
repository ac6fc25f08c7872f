window.YTD.tweets.part0 = [
  {
    "tweet" : {
      "edit_info" : { "initial" : { "editTweetIds" : [ "1100000000000000001" ] } },
      "id_str" : "1100000000000000001",
      "id" : "1100000000000000001",
      "full_text" : "Salt &amp; pepper &lt;3 read https://t.co/abc and https://t.co/abcd https://t.co/PIC",
      "created_at" : "Tue Mar 19 14:05:17 +0000 2019",
      "favorite_count" : "3",
      "lang" : "en",
      "entities" : {
        "urls" : [
          { "url" : "https://t.co/abc", "expanded_url" : "https://kitchen.example/salt?a=1&b=2", "display_url" : "kitchen.example/salt", "indices" : [ "22", "38" ] },
          { "url" : "https://t.co/abcd", "expanded_url" : "https://kitchen.example/pepper", "indices" : [ "43", "60" ] }
        ],
        "user_mentions" : [ ],
        "media" : [ { "url" : "https://t.co/PIC", "type" : "photo", "media_url_https" : "https://pbs.example/1.jpg", "expanded_url" : "https://twitter.com/adaquill/status/1100000000000000001/photo/1" } ]
      },
      "extended_entities" : {
        "media" : [
          { "url" : "https://t.co/PIC", "type" : "photo", "media_url_https" : "https://pbs.example/1.jpg", "expanded_url" : "https://twitter.com/adaquill/status/1100000000000000001/photo/1" },
          { "url" : "https://t.co/PIC", "type" : "video", "media_url_https" : "https://pbs.example/2-thumb.jpg",
            "video_info" : { "variants" : [
              { "content_type" : "application/x-mpegURL", "url" : "https://video.example/2.m3u8" },
              { "bitrate" : "256000", "content_type" : "video/mp4", "url" : "https://video.example/2-low.mp4" },
              { "bitrate" : "2176000", "content_type" : "video/mp4", "url" : "https://video.example/2-high.mp4" } ] } },
          { "url" : "https://t.co/PIC", "type" : "animated_gif", "media_url_https" : "https://pbs.example/3.jpg",
            "video_info" : { "variants" : [ { "bitrate" : "0", "content_type" : "video/mp4", "url" : "https://video.example/3.mp4" } ] } }
        ]
      }
    }
  },
  { "tweet" : { "id_str" : "1100000000000000002", "full_text" : "RT @bo_the_baker: Bread rises twice before it is good", "created_at" : "Wed Mar 20 08:00:00 +0000 2019", "entities" : { "user_mentions" : [ { "screen_name" : "bo_the_baker", "name" : "Bo" } ] } } },
  { "tweet" : { "id_str" : "1100000000000000003", "full_text" : "@cyra yes", "created_at" : "Wed Mar 20 09:00:00 +0000 2019", "in_reply_to_status_id_str" : "1099999999999999999", "in_reply_to_screen_name" : "cyra", "lang" : "und" } },
  { "tweet" : { "full_text" : "no id" } },
  { "tweet" : { "id_str" : "1550000000000000004", "full_text" : "no date, but the id tells" } }
]
